import type { Command } from "commander";

import { normalizedArguments } from "./flags/normalized-arguments.ts";
import { checkEnvironment, exactArguments } from "./flags/raw-arguments.ts";
import { describeFailure, exitCodeOf } from "./process/failure.ts";
import { Interruption } from "./process/interruption.ts";
import { logMessage } from "./process/standard-streams.ts";
import { newProgram } from "./program.ts";

/** Runs one command line and returns the exit code of the process. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  using interruption = new Interruption(process);
  const program = newProgram(interruption);
  try {
    checkEnvironment();
    const exact = exactArguments(args);
    await program.parseAsync(normalizedArguments(exact, program), { from: "user" });
    return 0;
  } catch (caught) {
    const failure = interruption.signal.aborted ? interruption.signal.reason : caught;
    const { debug = false } = program.opts<{ debug?: boolean }>();
    const description = describeFailure(failure, { debug, command: commandIn(args, program) });
    if (description !== undefined) logMessage(description);
    return exitCodeOf(failure);
  }
}

/** The first argument that names a command. Error messages use it for advice. */
function commandIn(args: readonly string[], program: Command): string | undefined {
  const names = new Set(program.commands.map((command) => command.name()));
  return args.find((arg) => names.has(arg));
}
