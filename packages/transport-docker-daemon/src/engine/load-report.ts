import { isJSONObject } from "@drayage/core";

import { wordsOf } from "./engine-error.ts";

/**
 * Reads how a load goes on: an object of JSON on each line, one of which tells an error where there is one (Docker Engine
 * API, `/images/load`). Gives the engine's words for it, and something in their place where that is no such report.
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
  try {
    const value: unknown = JSON.parse(line);
    if (!isJSONObject(value)) return wordsOf(line);
    const { error } = value;
    return error === undefined ? undefined : wordsOf(typeof error === "string" ? error : line);
  } catch {
    return wordsOf(line);
  }
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
