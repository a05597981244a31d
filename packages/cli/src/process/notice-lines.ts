import type { Notice } from "@drayage/core";

import { lineOf } from "./failure.ts";
import { say } from "./standard-streams.ts";

/** What is worth saying of notices, each thing once. */
export class NoticeLines {
  readonly #said = new Set<string>();

  /** undefined for what was said already, and for a limit that is far away. */
  lineOf(notice: Notice): string | undefined {
    const line = worthOf(notice);
    const key = notice.kind === "rate-limit" ? `${notice.kind} ${notice.host}` : line;
    if (line === undefined || key === undefined || this.#said.has(key)) return undefined;
    this.#said.add(key);
    return line;
  }
}

/** Says on standard error what is worth it. */
export function noticeTeller(): (notice: Notice) => void {
  const lines = new NoticeLines();
  return (notice) => {
    const line = lines.lineOf(notice);
    if (line !== undefined) say(lineOf(line));
  };
}

function worthOf(notice: Notice): string | undefined {
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
  return `${host} allows ${limit} requests${time}, and ${remaining} are left`;
}

function formatSeconds(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
