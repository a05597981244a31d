import { jsonObjectOf } from "@drayage/transport-kit/wire";

import { wordsOf } from "./engine-error.ts";

/**
 * Reads how a load goes on: an object of JSON on each line, one of which tells an error where there is one (Docker Engine
 * API, `/images/load`). Gives the engine's words for it, or what it said in place of such a report.
 */
export async function problemInReport(
  bytes: AsyncIterable<Uint8Array>,
): Promise<string | undefined> {
  let problem: string | undefined;
  for await (const line of linesOf(bytes)) problem ??= problemIn(line);
  return problem;
}

function problemIn(line: string): string | undefined {
  if (line.trim() === "") return undefined;
  const report = jsonObjectOf(line);
  const { error } = report;
  if (typeof error === "string") return wordsOf(error);
  return Object.keys(report).length === 0 ? wordsOf(line) : undefined;
}

/** What is too long for a line is cut into several. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
    begun.push(first);
    length += first.length;
    if (others.length === 0 && length < longestLine) continue;
    yield begun.join("");
    yield* others.slice(0, -1);
    begun = others.slice(-1);
    length = begun[0]?.length ?? 0;
  }
  yield begun.join("");
}

const longestLine = 1 << 20;
