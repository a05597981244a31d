import { jsonObjectOf } from "@drayage/transport-kit/wire";

import { messageIn } from "./engine-error.ts";

/**
 * Reads the report of a load: a JSON object per line, which may have an error (Docker Engine API, `/images/load`).
 * Returns the error, or the text of an invalid report; undefined after a successful load.
 */
export async function errorInReport(bytes: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  let error: string | undefined;
  for await (const line of linesOf(bytes)) error ??= errorIn(line);
  return error;
}

function errorIn(line: string): string | undefined {
  if (line.trim() === "") return undefined;
  const report = jsonObjectOf(line);
  const { error } = report;
  if (typeof error === "string") return messageIn(error);
  return Object.keys(report).length === 0 ? messageIn(line) : undefined;
}

/** Splits into lines. A line over the maximum length is split too. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
    parts.push(first);
    length += first.length;
    if (others.length === 0 && length < maxLineLength) continue;
    yield parts.join("");
    yield* others.slice(0, -1);
    parts = others.slice(-1);
    length = parts[0]?.length ?? 0;
  }
  yield parts.join("");
}

/** Characters. */
const maxLineLength = 1 << 20;
