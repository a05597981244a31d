import type { Command, Option } from "commander";

import { UsageError } from "./usage-error.ts";

const truths: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false] as const),
]);

/**
 * Arguments as commander reads them, from arguments as skopeo's users write them: a flag that is on or off may have
 * `=true` or `=false` behind it. A value behind an unknown flag is dropped, since it might be a secret and commander
 * repeats what it does not know.
 */
export function plainArguments(args: readonly string[], program: Command): readonly string[] {
  const end = args.indexOf("--");
  const written = end < 0 ? args : args.slice(0, end);
  const known = commandsIn(program).flatMap(({ options }) => options);
  const valued = known.filter(({ required }) => required);
  const takesNext = new Set(valued.flatMap(({ long, short }) => [long, short]));
  const isValue = (index: number): boolean => index > 0 && takesNext.has(written[index - 1]);
  const at = written.findIndex((arg, index) => !isValue(index) && !arg.startsWith("-"));
  const own = program.commands.find((command) => command.name() === written[at])?.options ?? [];
  const plain = written.flatMap((arg, index) => {
    if (isValue(index)) return [arg];
    return plainArgument(index > at ? inFull(arg, own, program) : arg, known);
  });
  return [...plain, ...args.slice(written.length)];
}

/** With those of its groups. */
function commandsIn(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsIn)];
}

/** @throws UsageError */
export function parseTruth(flag: string, text: string): boolean {
  const truth = truths.get(text);
  if (truth !== undefined) return truth;
  throw new UsageError(`${flag} is true or false, not ${JSON.stringify(text)}`);
}

/** A letter that commands have as well as the program is the command's own: of `-v` commander would print its version. */
function inFull(arg: string, own: readonly Option[], program: Command): string {
  if (!program.options.some(({ short }) => short === arg)) return arg;
  return own.find(({ short }) => short === arg)?.long ?? arg;
}

function plainArgument(arg: string, known: readonly Option[]): readonly string[] {
  const [, flag, value] = /^(--[^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
  if (flag === undefined) return [arg];
  const option = known.find(({ long }) => long === flag);
  // `--tls-verify` alone must not take the next argument for its value.
  if (option?.optional) return [`${flag}=${value ?? "true"}`];
  if (value === undefined || option?.required) return [arg];
  if (option === undefined) return [flag];
  return parseTruth(flag, value) ? [flag] : [];
}
