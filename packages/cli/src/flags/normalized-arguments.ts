import type { Command, Option } from "commander";

import { UsageError } from "./usage-error.ts";

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false] as const),
]);

/**
 * Converts arguments in Go's syntax to commander's: `=true` or `=false` after a boolean flag. Drops the value of an
 * unknown flag, because commander prints it and it may be a secret.
 */
export function normalizedArguments(args: readonly string[], program: Command): readonly string[] {
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

/** The group and its commands. */
function commandsIn(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsIn)];
}

/** @throws UsageError */
export function parseBoolean(flag: string, text: string): boolean {
  const value = booleans.get(text);
  if (value !== undefined) return value;
  throw new UsageError(`${flag} must be true or false, not ${JSON.stringify(text)}`);
}

/** A command's short flag wins over the program's. commander would print the version for `-v`. */
function inFull(arg: string, own: readonly Option[], program: Command): string {
  if (!program.options.some(({ short }) => short === arg)) return arg;
  return own.find(({ short }) => short === arg)?.long ?? arg;
}

function plainArgument(arg: string, known: readonly Option[]): readonly string[] {
  const [, flag, value] = /^(--[^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
  if (flag === undefined) return [arg];
  const option = known.find(({ long }) => long === flag);
  // `--tls-verify` must not consume the next argument.
  if (option?.optional) return [`${flag}=${value ?? "true"}`];
  if (value === undefined || option?.required) return [arg];
  if (option === undefined) return [flag];
  return parseBoolean(flag, value) ? [flag] : [];
}
