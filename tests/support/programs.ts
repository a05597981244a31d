import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { onTestFinished } from "vitest";

/** Node 22 does not support `await using` in the sources, so the Node version of development runs them. */
const execPath =
  Number.parseInt(process.versions.node, 10) >= 24
    ? process.execPath
    : path.resolve(import.meta.dirname, "../../node_modules/.bin/node");

/** Starts another process that runs a program. It ends with the test at the latest. */
export function startProgram(file: string, ...args: readonly string[]): ChildProcess {
  const child = fork(file, args, {
    execPath,
    execArgv: ["--conditions=@drayage/source"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, "message")) as [unknown];
  return message;
}

/** The exit code or signal. */
export async function ended(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}
