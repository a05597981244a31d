import type { Command } from "commander";

import { normalizedArguments } from "./flags/normalized-arguments.ts";
import { exactArguments } from "./flags/raw-arguments.ts";
import { describeFailure, exitCodeOf } from "./process/failure.ts";
import { Interruption } from "./process/interruption.ts";
import { logMessage } from "./process/standard-streams.ts";
import { newProgram } from "./program.ts";

/** Runs one command line and returns the exit code of the process. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  using interruption = new Interruption(process);
  const program = newProgram(interruption);
  try {
    const exact = exactArguments(args);
    await program.parseAsync(normalizedArguments(exact, program), { from: "user" });
    return 0;
  } catch (caught) {
    const failure = interruption.signal.aborted ? interruption.signal.reason : caught;
    const { debug = false } = program.opts<{ debug?: boolean }>();
    const description = describeFailure(failure, { debug, command: commandIn(args, program) });
    if (description !== undefined) {
      logMessage(description);
      if (requestsEvents(args)) await writeUsageEvent(failure, description);
    }
    return exitCodeOf(failure);
  }
}

/** The first argument that names a command. Error messages use it for advice. */
function commandIn(args: readonly string[], program: Command): string | undefined {
  const names = new Set(program.commands.map((command) => command.name()));
  return args.find((arg) => names.has(arg));
}

/** Whether the command line requests events on standard output. It may be invalid otherwise. */
function requestsEvents(args: readonly string[]): boolean {
  return args.some(
    (arg, at) => arg === "--progress=json" || (arg === "--progress" && args[at + 1] === "json"),
  );
}

async function writeUsageEvent(failure: unknown, description: string): Promise<void> {
  const { usageEvent } = await import("./progress/error-event.ts");
  const event = usageEvent(failure, description);
  if (event !== undefined) process.stdout.write(event);
}
