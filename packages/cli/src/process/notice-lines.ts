import type { Notice } from "@drayage/core";

import { lineOf } from "./failure.ts";
import { logMessage } from "./standard-streams.ts";

/** Formats notices, each once. */
export class NoticeLines {
  readonly #logged = new Set<string>();

  /** undefined for repeated notices and for rate limits that are not nearly exhausted. */
  lineOf(notice: Notice): string | undefined {
    const line = textOf(notice);
    const key = notice.kind === "rate-limit" ? `${notice.kind} ${notice.host}` : line;
    if (line === undefined || key === undefined || this.#logged.has(key)) return undefined;
    this.#logged.add(key);
    return line;
  }
}

/** Logs notices to standard error. */
export function noticeLogger(): (notice: Notice) => void {
  const lines = new NoticeLines();
  return (notice) => {
    const line = lines.lineOf(notice);
    if (line !== undefined) logMessage(lineOf(line));
  };
}

function textOf(notice: Notice): string | undefined {
  switch (notice.kind) {
    case "warning":
      return `warning from ${notice.host}: ${notice.text}`;
    case "rate-limit":
      return limitLine(notice);
    case "cache":
    case "caution":
    case "configuration":
    case "left-out":
    case "lock":
    case "loss":
      return notice.text;
  }
}

function limitLine({
  host,
  limit,
  remaining,
  window,
}: Extract<Notice, { kind: "rate-limit" }>): string | undefined {
  if (remaining > limit / 10) return undefined;
  const time = window === undefined ? "" : ` in ${formatSeconds(window)}`;
  return `${host} allows ${limit} requests${time}, ${remaining} remaining`;
}

function formatSeconds(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
