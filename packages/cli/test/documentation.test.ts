import { readFileSync } from "node:fs";
import path from "node:path";

import type { Command } from "commander";
import { expect, test } from "vitest";

import { knownTransports } from "../src/images/known-transports.ts";
import { definedProgram } from "./defined-program.ts";

const program = definedProgram();
const root = path.resolve(import.meta.dirname, "../../..");
const [manual, readme] = ["docs/cli.md", "README.md"].map((name) =>
  readFileSync(path.join(root, name), "utf8"),
) as [string, string];

/** The words of each drayage command in the examples. */
const examples = [manual, readme]
  .flatMap((text) => [...text.matchAll(/^```sh\n(.*?)^```/gms)])
  .flatMap(([, block = ""]) => [...block.matchAll(/\bdrayage (?=[a-z])([^|<>#\n]+)/g)])
  .map(([, call = ""]) => call.trim());

test.each(examples)("the example drayage %s has only existing flags and transports", (example) => {
  const { command, words } = commandOf(program, example.split(/\s+/));
  const { operands, unknown } = command?.parseOptions([...words]) ?? {
    operands: [],
    unknown: words,
  };
  expect(unknown).toEqual([]);
  const names = operands.filter((operand) => operand.includes(":"));
  const transports = names.map((name) => name.split(":")[0] ?? "");
  expect(transports.filter((name) => !Object.hasOwn(knownTransports, name))).toEqual([]);
});

test("the manual and the README have examples, most with image names", () => {
  expect(examples.length).toBeGreaterThan(30);
  expect(examples.filter((example) => example.includes(":")).length).toBeGreaterThan(25);
});

/** Descends into command groups. */
function commandOf(
  group: Command,
  [name, ...words]: readonly string[],
): { command: Command | undefined; words: readonly string[] } {
  const command = group.commands.find((one) => one.name() === name);
  return command && command.commands.length > 0 ? commandOf(command, words) : { command, words };
}

function commandsIn(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsIn)];
}

const flags = commandsIn(program).flatMap(({ options }) => options);

test.each([...new Set(flags.map(({ long }) => long ?? ""))])("the manual documents %s", (flag) => {
  const alone = flag.replace(/^--(src|dest)-/, "--");
  expect(manual).toMatch(new RegExp(`(${flag}|${alone})\\b`));
});

test.each(Object.keys(knownTransports))("the manual documents %s:", (transport) => {
  expect(manual).toContain(`| \`${transport}:`);
});
