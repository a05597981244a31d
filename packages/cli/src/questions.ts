import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import type { Writable } from "node:stream";

/** Whether there is somebody to ask: standard input is a terminal. */
export function isAnswered(): boolean {
  return process.stdin.isTTY;
}

/** Asks on standard error. */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  return askBy(process.stderr, question, signal);
}

/** Asks without showing the answer. */
export async function askSecretly(question: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(question);
  try {
    return await askBy(new PassThrough().resume(), "", signal);
  } finally {
    process.stderr.write("\n");
  }
}

/** The terminal passes Ctrl-C on as a letter while it is asked. */
async function askBy(output: Writable, question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const gone = Promise.withResolvers<string>();
  terminal.on("close", () => gone.resolve(""));
  try {
    return await Promise.race([terminal.question(question, { signal }), gone.promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.close();
  }
}
