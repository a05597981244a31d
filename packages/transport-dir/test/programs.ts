import type { ChildProcess } from "node:child_process";
import path from "node:path";

import { startProgram as start } from "@drayage/test-support";

/** The path of a program in this folder. */
export function startProgram(name: string, ...args: readonly string[]): ChildProcess {
  return start(path.join(import.meta.dirname, name), ...args);
}
