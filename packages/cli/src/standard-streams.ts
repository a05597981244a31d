import { outputFailure } from "./interruption.ts";

/** A command's result, on standard output. Done when all of it is handed on. */
export async function writeResult(result: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(result, (error) => {
      if (error) reject(outputFailure(error));
      else resolve();
    });
  });
}

/** A line, or several, for the person who watches, on standard error. */
export function say(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** All of standard input, as text. */
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

/** With nothing in it that a terminal would obey: messages repeat what registries say. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, "\u{fffd}");
}
