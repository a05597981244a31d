import { wordsOf } from "./engine-error.ts";
import { jsonObjectOf } from "./json-object-of.ts";

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
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (rest.length < longestLine) continue;
    yield rest;
    rest = "";
  }
  yield rest;
}

const longestLine = 1 << 20;
