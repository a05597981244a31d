import type { ImageErrorCode } from "@drayage/core";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

/** The error code for an unexpected status. */
export function codeOf(status: number): ImageErrorCode {
  return codes.get(status) ?? "unavailable";
}

/** Whether a later request may succeed. */
export function isTransient(status: number): boolean {
  return transient.has(status);
}

/** The error message in a response, as one short line. */
export function messageIn(text: string): string {
  if (/^\s*</.test(text)) return "a web page";
  const { message } = jsonObjectOf(text);
  const content = typeof message === "string" ? message : text;
  const line = content.replaceAll(/[\p{C}\s]+/gu, " ").trim();
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

const transient: ReadonlySet<number> = new Set([429, 502, 503, 504]);
