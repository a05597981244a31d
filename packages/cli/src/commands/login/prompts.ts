import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import type { Writable } from "node:stream";

import { printable } from "@drayage/core/text";

import { UsageError } from "../../flags/usage-error.ts";

/** Whether standard input is a terminal. */
export function isInteractive(): boolean {
  return process.stdin.isTTY;
}

/** Prompts on standard error. */
export async function prompt(text: string, signal: AbortSignal): Promise<string> {
  return inputFor(printable(text), process.stderr, signal);
}

/** Prompts without echoing the input. */
export async function promptSecretly(text: string, signal: AbortSignal): Promise<string> {
  try {
    return await inputFor(printable(text), new PassThrough().resume(), signal);
  } finally {
    process.stderr.write("\n");
  }
}

/** readline sets raw mode: the terminal does not echo, and Ctrl-C arrives as a character. */
async function inputFor(text: string, echo: Writable, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: echo, terminal: true });
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const closed = Promise.withResolvers<never>();
  terminal.on("close", () => closed.reject(new UsageError("No input; enter a value")));
  try {
    if (echo !== process.stderr) process.stderr.write(text);
    const input = terminal.question(echo === process.stderr ? text : "", { signal });
    return await Promise.race([input, closed.promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.close();
  }
}
