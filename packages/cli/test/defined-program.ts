import { EventEmitter } from "node:events";

import type { Command } from "commander";

import { Interruption } from "../src/process/interruption.ts";
import { newProgram } from "../src/program.ts";

/** All commands and flags. Signals do not reach it. */
export function definedProgram(): Command {
  const streams = { stdout: new EventEmitter(), stderr: new EventEmitter() };
  const isolated = Object.assign(new EventEmitter(), streams, { exit: () => {} });
  return newProgram(new Interruption(isolated));
}
