import type { Command } from "commander";

import { checkVariables, exactArguments } from "./flags/raw-arguments.ts";
import { plainArguments } from "./flags/written-flags.ts";
import { describeFailure, exitCodeOf } from "./process/failure.ts";
import { Interruption } from "./process/interruption.ts";
import { say } from "./process/standard-streams.ts";
import { newProgram } from "./program.ts";

/** Runs one command line to its end. The process's exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  using interruption = new Interruption(process);
  const program = newProgram(interruption);
  try {
    checkVariables();
    const exact = exactArguments(args);
    await program.parseAsync(plainArguments(exact, program), { from: "user" });
    return 0;
  } catch (caught) {
    const failure = interruption.signal.aborted ? interruption.signal.reason : caught;
    const { debug = false } = program.opts<{ debug?: boolean }>();
    const description = describeFailure(failure, { debug, command: commandIn(args, program) });
    if (description !== undefined) say(description);
    return exitCodeOf(failure);
  }
}

/** The name of the command in some arguments, for advice. */
function commandIn(args: readonly string[], program: Command): string | undefined {
  const names = new Set(program.commands.map((command) => command.name()));
  return args.find((arg) => names.has(arg));
}
