import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "vitest";

import { commandFolder } from "./command-folder.ts";

/** The result of one run of the command. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The options of a run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The program that runs the command, with its arguments. The default is the Node of this process. */
  readonly runtime?: readonly [string, ...string[]];
}

/** The command, installed from its package into an empty folder, with its own home. */
export class InstalledCommand implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async install(): Promise<InstalledCommand> {
    const command = new InstalledCommand(await mkdtemp(path.join(tmpdir(), "drayage-smoke-")));
    await mkdir(command.home, { mode: 0o700 });
    // The link of the program is relative.
    await cp(await commandFolder(), command.location, { recursive: true, verbatimSymlinks: true });
    return command;
  }

  get home(): string {
    return path.join(this.#folder, "home");
  }

  /** The folder with `node_modules`. */
  get location(): string {
    return path.join(this.#folder, "location");
  }

  /** The file that `npx drayage` runs. */
  get bin(): string {
    return path.join(this.location, "node_modules/.bin/drayage");
  }

  /** Runs the command to its end, with only the PATH of this environment. */
  async run(
    args: readonly string[],
    { env = {}, input = "", runtime = [process.execPath] }: RunOptions = {},
  ): Promise<Run> {
    const [program, ...flags] = runtime;
    const child = spawn(program, [...flags, this.bin, ...args], {
      cwd: this.location,
      env: { PATH: process.env["PATH"], HOME: this.home, ...env },
    });
    child.stdin.on("error", () => {}).end(input);
    const code = new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
    return { code: await code, stdout: textOf(stdout), stderr: textOf(stderr) };
  }

  /** The standard output of a run. Fails unless the run succeeds. */
  async output(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function textOf(chunks: readonly unknown[]): string {
  return Buffer.concat(chunks as readonly Buffer[]).toString();
}
