#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { availableParallelism } from "node:os";

enableCompileCache();
// Layers are packed on Node's pool of threads, which has four on any machine unless this is said before its first use.
process.env["UV_THREADPOOL_SIZE"] ??= `${Math.min(Math.max(4, availableParallelism() + 1), 17)}`;
const { runCommandLine } = await import("./command-line.ts");
process.exitCode = await runCommandLine(process.argv.slice(2));
