import type { ImageErrorCode } from "@drayage/core";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

/** What a status means that is not the one that was wanted. */
export function codeOf(status: number): ImageErrorCode {
  return codes.get(status) ?? "unavailable";
}

/** Whether the same may go well later. */
export function mayPass(status: number): boolean {
  return passing.has(status);
}

/** An engine's own words for an error, on one line that is not too long. */
export function wordsOf(text: string): string {
  if (/^\s*</.test(text)) return "a web page";
  const { message } = jsonObjectOf(text);
  const words = typeof message === "string" ? message : text;
  const line = words.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

const codes: ReadonlyMap<number, ImageErrorCode> = new Map([
  [400, "unsupported"],
  [401, "denied"],
  [403, "denied"],
  [404, "not-found"],
  [409, "conflict"],
  [501, "unsupported"],
]);

const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);
