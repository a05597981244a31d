import { printableLines } from "@drayage/core/text";

import { outputFailure } from "./interruption.ts";

/** Writes a command's result as printable text. Resolves when standard output has accepted all of it. */
export async function writeResult(result: string): Promise<void> {
  await write(printableLines(result));
}

/** Writes bytes unchanged, but as printable text to a terminal. */
export async function writeUnchanged(result: string | Uint8Array): Promise<void> {
  if (!process.stdout.isTTY) return write(result);
  await write(printableLines(Buffer.from(result).toString()));
}

async function write(result: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(result, (error) => {
      if (error) reject(outputFailure(error));
      else resolve();
    });
  });
}

/** Writes one or several lines to standard error. */
export function logMessage(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

/** Reads all of standard input as text. */
export async function readInput(signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  const stop = (): void => void process.stdin.destroy(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) chunks.push(chunk);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return Buffer.concat(chunks).toString();
}
