import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import type { Writable } from "node:stream";

import { printable } from "@drayage/core";

import { UsageError } from "../../flags/usage-error.ts";

/** Whether there is somebody to ask: standard input is a terminal. */
export function isAnswered(): boolean {
  return process.stdin.isTTY;
}

/** Asks on standard error. */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  return answerTo(printable(question), process.stderr, signal);
}

/** Asks without showing the answer. */
export async function askSecretly(question: string, signal: AbortSignal): Promise<string> {
  try {
    return await answerTo(printable(question), new PassThrough().resume(), signal);
  } finally {
    process.stderr.write("\n");
  }
}

/** The terminal shows nothing by itself once it is listened to, and passes Ctrl-C on as a letter. */
async function answerTo(question: string, echo: Writable, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: echo, terminal: true });
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const closed = Promise.withResolvers<never>();
  terminal.on("close", () => closed.reject(new UsageError("There was no answer")));
  try {
    if (echo !== process.stderr) process.stderr.write(question);
    const answer = terminal.question(echo === process.stderr ? question : "", { signal });
    return await Promise.race([answer, closed.promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.close();
  }
}
