import path from "node:path";

/** Another runtime of JavaScript than Node, and what runs a program under it. */
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
