import path from "node:path";

/** Another JavaScript runtime, and the command that runs a program with it. */
export interface OtherRuntime {
  readonly name: string;
  readonly runtime: readonly [string, ...string[]];
}

const programs = path.join(import.meta.dirname, "node_modules/.bin");

/** Installed from npm, as dependencies of these tests. */
export const runtimes: readonly OtherRuntime[] = [
  { name: "Bun", runtime: [path.join(programs, "bun")] },
  { name: "Deno", runtime: [path.join(programs, "deno"), "run", "--quiet", "--allow-all"] },
];
