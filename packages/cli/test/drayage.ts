import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll } from "vitest";

import { builtCommand } from "./built-command.ts";

/** What a run of the command left behind. */
export interface Run {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

/** Nobody's: with no settings and no credentials in it. */
const home = mkdtempSync(path.join(tmpdir(), "drayage-home-"));
afterAll(() => rm(home, { recursive: true, force: true }));

/** Runs the command to its end, with nobody's policy and credentials. */
export async function drayage(...args: readonly string[]): Promise<Run> {
  return ended(startDrayage(args));
}

/** The command, running. */
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

/** What Node runs: the command as it is published, which starts in half the time that its sources need. */
export const command: readonly string[] = [await builtCommand()];

/** A folder that is removed at the end of its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "drayage-cli-"));
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
