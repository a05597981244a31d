import { ImageError, isJSONObject } from "@drayage/core";
import type { ImageErrorCode } from "@drayage/core";

import type { EngineAnswer } from "./exchange.ts";

/** An engine answered, and not with what was asked for; `doing` completes "could not …". */
export function engineError(
  name: string,
  doing: string,
  status: number,
  words: string,
): ImageError {
  const code = codes.get(status) ?? "unavailable";
  const message = `Could not ${doing}: the container engine ${name} answered ${status} ${words}`;
  return new ImageError(code, message.trimEnd(), { retryable: passing.has(status) });
}

/** What is worth showing of an answer that may be anything: its first 64 KiB. */
export async function startOfText({ bytes }: EngineAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= startLength) break;
  }
  return Buffer.concat(chunks).subarray(0, startLength).toString();
}

/** An engine's own words for an error, on one line that is not too long. */
export function wordsOf(text: string): string {
  if (/^\s*</.test(text)) return "with a web page";
  const line = messageIn(text)
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

const startLength = 1 << 16;

const codes: ReadonlyMap<number, ImageErrorCode> = new Map([
  [400, "unsupported"],
  [401, "denied"],
  [403, "denied"],
  [404, "not-found"],
  [409, "conflict"],
  [501, "unsupported"],
]);

const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const message = isJSONObject(value) ? value["message"] : undefined;
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}
