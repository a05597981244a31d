import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { Readable, Writable } from "node:stream";

import { runCommandLine } from "../src/command-line.ts";
import { builtCommand } from "./built-command.ts";

/** The result of running the command. */
export interface Run {
  /** null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

/** The standard streams of a command line. */
export interface StreamSettings {
  /** The default is empty. */
  readonly input?: string;
  /** Whether standard output and standard error are terminals. */
  readonly isTerminal?: boolean;
}

/** Runs a command line in this process, without policy and credentials of the user. */
export async function drayage(...args: readonly string[]): Promise<Run> {
  return drayageWith({}, ...args);
}

/** The same with other standard streams. */
export async function drayageWith(
  { input = "", isTerminal = false }: StreamSettings,
  ...args: readonly string[]
): Promise<Run> {
  const [stdout, stderr]: Buffer[][] = [[], []];
  const streams = {
    stdin: Readable.from([Buffer.from(input)]),
    stdout: collecting(stdout ?? [], isTerminal),
    stderr: collecting(stderr ?? [], isTerminal),
  };
  using _ = emptyHome();
  const code = await streamsOfRun.run(streams, () => runCommandLine(args));
  return runOf(code, stdout ?? [], stderr ?? []);
}

/** The streams of `process` differ between command lines that run at the same time. */
const streamsOfRun = new AsyncLocalStorage<
  Readonly<Record<"stdin" | "stdout" | "stderr", Readable | Writable>>
>();
for (const name of ["stdin", "stdout", "stderr"] as const) {
  const own = Object.getOwnPropertyDescriptor(process, name);
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get: (): unknown => streamsOfRun.getStore()?.[name] ?? own?.get?.call(process),
  });
}

function collecting(chunks: Buffer[], isTerminal: boolean): Writable {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // A copy, because the writer can reuse the buffer.
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return isTerminal ? Object.assign(stream, { isTTY: true, columns: 80 }) : stream;
}

/** A home without settings and credentials. It is removed with the home of the test run. */
const home = mkdtempSync(path.join(homedir(), "command-"));
let runsInHome = 0;
let homeBefore: string | undefined;

/** Sets the home while at least one command line runs. */
function emptyHome(): Disposable {
  if (runsInHome++ === 0) homeBefore = process.env["HOME"];
  process.env["HOME"] = home;
  return {
    [Symbol.dispose]() {
      if (--runsInHome === 0) process.env["HOME"] = homeBefore;
    },
  };
}

/** Starts the built command in a process of its own, for tests of signals, streams and exit codes. */
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
  return runOf(code, stdout ?? [], stderr ?? []);
}

function runOf(code: number | null, stdout: readonly Buffer[], stderr: readonly Buffer[]): Run {
  const bytes = Buffer.concat(stdout);
  return { code, stdout: String(bytes), stderr: String(Buffer.concat(stderr)), bytes };
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
