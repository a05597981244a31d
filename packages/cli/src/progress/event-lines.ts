import { hexOf } from "@drayage/core";

import { NoticeLines } from "../process/notice-lines.ts";
import type { ProgressEvent } from "./progress-event.ts";

/** What people should read of events beside how far it is; problems are told at the end. */
export class EventLines {
  readonly #notices = new NoticeLines();

  /** undefined for an event that needs no words. */
  lineOf(event: ProgressEvent): string | undefined {
    switch (event.kind) {
      case "retry":
        return `again in ${(event.pause / 1000).toFixed(1)} s: ${event.error.message}`;
      case "blob-restarted":
        return `begun again: ${hexOf(event.digest).slice(0, 12)}`;
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
