import { enableCompileCache } from "node:module";
import { availableParallelism } from "node:os";

import { compileCacheFolder } from "./compile-cache-folder.ts";

const { env } = process;
const folder = compileCacheFolder(env);
if (folder !== undefined) enableCompileCache?.(folder);
// Layers are packed on Node's pool of threads, which has four on any machine unless this is said before its first use.
env["UV_THREADPOOL_SIZE"] ??= `${Math.min(Math.max(4, availableParallelism() + 1), 17)}`;
const { runCommandLine } = await import("./command-line.ts");
const exitCode = await runCommandLine(process.argv.slice(2));
process.exitCode = exitCode;
// A command that failed or was interrupted may leave a read open that does not end, such as that of a pipe.
if (exitCode !== 0) setTimeout(() => process.exit(), 500).unref();
