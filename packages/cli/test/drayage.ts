import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";

import { builtCommand } from "./built-command.ts";

/** The result of running the command. */
export interface Run {
  /** null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

/** An empty home, without settings and credentials. It is removed with the home of the run. */
const home = mkdtempSync(path.join(homedir(), "command-"));

/** Runs the command to its end, without policy and credentials of the user. */
export async function drayage(...args: readonly string[]): Promise<Run> {
  return ended(startDrayage(args));
}

/** Starts the command. */
export function startDrayage(args: readonly string[]): ChildProcessWithoutNullStreams {
  const { NODE_OPTIONS: _, CI: __, ...env } = process.env;
  return spawn(process.execPath, [...command, ...args], { env: { ...env, HOME: home } });
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Run> {
  const [stdout, stderr]: Buffer[][] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout?.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr?.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const bytes = Buffer.concat(stdout ?? []);
  return { code, stdout: String(bytes), stderr: String(Buffer.concat(stderr ?? [])), bytes };
}

/** The arguments of Node: the built command, which starts in half the time of its sources. */
export const command: readonly string[] = [await builtCommand()];

/** A folder that is removed at the end of its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "drayage-cli-"));
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
