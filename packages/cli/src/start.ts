import { enableCompileCache } from "node:module";
import { availableParallelism } from "node:os";

import { compileCacheFolder } from "./process/compile-cache-folder.ts";

const { env } = process;
const folder = compileCacheFolder(env);
if (folder !== undefined) enableCompileCache?.(folder);
// Layers are packed on Node's pool of threads, which has four on any machine unless this is said before its first use.
env["UV_THREADPOOL_SIZE"] ??= `${Math.min(Math.max(4, availableParallelism() + 1), 17)}`;
const { runCommandLine } = await import("./command-line.ts");
// Node ends a process with code 0 when there is nothing left to wait for, even if the command has not ended.
const reportUnfinished = (): void => {
  process.exitCode = 1;
  process.stderr.write("drayage: stopped before the command was done: run it again\n");
};
process.once("beforeExit", reportUnfinished);
const exitCode = await runCommandLine(process.argv.slice(2));
process.off("beforeExit", reportUnfinished);
process.exitCode = exitCode;
// A command that failed or was interrupted may leave a read open that does not end, such as that of a pipe.
if (exitCode !== 0) setTimeout(() => process.exit(), 500).unref();
