import { hexOf } from "@drayage/core";

import { NoticeLines } from "../process/notice-lines.ts";
import { withoutSettings } from "../process/setting-names.ts";
import type { ProgressEvent } from "./progress-event.ts";

/** Formats the events that people need to read besides the progress. Problems are reported at the end. */
export class EventLines {
  readonly #notices = new NoticeLines();

  /** undefined for an event without a line. */
  lineOf(event: ProgressEvent): string | undefined {
    switch (event.kind) {
      case "retry":
        return `retrying in ${(event.delay / 1000).toFixed(1)} s: ${withoutSettings(event.error.message)}`;
      case "blob-restarted":
        return `restarted: ${hexOf(event.digest).slice(0, 12)}`;
      case "notice":
        return this.#notices.lineOf(event.notice);
      case "planned":
      case "blob-started":
      case "blob-progress":
      case "blob-done":
      case "manifest-written":
      case "signatures-written":
      case "done":
      case "inspected":
      case "blob-checked":
      case "problem":
      case "verified":
        return undefined;
    }
  }
}
