import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { outputOf } from "@drayage/test-support";
import { expect } from "vitest";

import { packedPackages } from "./packed-packages.ts";

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

  /** npm downloads nothing, so a package with dependencies could not be installed. */
  static async install(): Promise<InstalledCommand> {
    const command = new InstalledCommand(await mkdtemp(path.join(tmpdir(), "drayage-smoke-")));
    await Promise.all([mkdir(command.home, { mode: 0o700 }), mkdir(command.location)]);
    await writeFile(path.join(command.location, "package.json"), "{}");
    const packages = await packedPackages();
    const archive = packages.find((file) => /^drayage-\d/.test(path.basename(file)));
    const cache = path.join(command.#folder, "cache");
    const flags = ["--offline", "--cache", cache, "--no-audit", "--no-fund"];
    await outputOf("npm", "install", ...flags, "--prefix", command.location, archive ?? "");
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
