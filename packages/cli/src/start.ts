import { enableCompileCache } from "node:module";
import { availableParallelism } from "node:os";

import { compileCacheFolder } from "./process/compile-cache-folder.ts";

const { env } = process;
const folder = compileCacheFolder(env);
if (folder !== undefined) enableCompileCache?.(folder);
// Layers are compressed on the libuv thread pool. It has four threads unless this is set before first use.
env["UV_THREADPOOL_SIZE"] ??= `${Math.min(Math.max(4, availableParallelism() + 1), 17)}`;
const { runCommandLine } = await import("./command-line.ts");
// Node exits with code 0 when the event loop is empty, even if the command has not finished.
const reportUnfinished = (): void => {
  process.exitCode = 1;
  process.stderr.write("drayage: stopped before the command finished; run it again\n");
};
process.once("beforeExit", reportUnfinished);
const exitCode = await runCommandLine(process.argv.slice(2));
process.off("beforeExit", reportUnfinished);
process.exitCode = exitCode;
// A failed command may leave a pending read, such as of a pipe, that keeps the process alive.
if (exitCode !== 0) setTimeout(() => process.exit(), 500).unref();
