import { messageLine, shortened } from "@drayage/core";
import { CommanderError } from "commander";

import { insteadOfCommand, insteadOfFlag } from "../flags/skopeo-ways.ts";
import { Interrupted } from "./interruption.ts";

/** Failures of which the code means 1, whatever their own code is. */
const failuresOfWork = new WeakSet<Error>();

/** Not the image is not there, but something that the work with it needs. */
export function asFailureOfWork(error: unknown): unknown {
  if (error instanceof Error) failuresOfWork.add(error);
  return error;
}

/** 1, but 2 where the image is not there, and what the shells use where somebody interrupted. */
export function exitCodeOf(failure: unknown): number {
  const error = firstOf(failure);
  if (error instanceof Interrupted || error instanceof CommanderError) return error.exitCode;
  return isNotFound(error) ? 2 : 1;
}

/** One line; with `debug` also where each error came from. undefined where all was said already. */
export function describeFailure(
  failure: unknown,
  { debug, command }: { readonly debug: boolean; readonly command?: string | undefined },
): string | undefined {
  const error = firstOf(failure);
  if (error instanceof Interrupted && error.isSilent) return undefined;
  if (error instanceof CommanderError) return describeCommandLine(error, command);
  const line = lineOf(messageOf(error));
  return debug ? [line, ...chainOf(error)].join("\n") : line;
}

/** `drayage: …`, in one printable line. */
export function lineOf(message: string): string {
  return `drayage: ${messageLine(message)}`;
}

/** Where cleaning up failed as well, the failure before it is what counts. */
function firstOf(failure: unknown): unknown {
  let error = failure;
  while (error instanceof Error && error.name === "SuppressedError" && "suppressed" in error) {
    error = error.suppressed;
  }
  return error;
}

/** Help and version have been printed by then. */
function describeCommandLine(
  { code, message }: CommanderError,
  command: string | undefined,
): string | undefined {
  if (code === "commander.help" || code === "commander.helpDisplayed") return undefined;
  if (code === "commander.version") return undefined;
  const instead = insteadOf(message, command);
  if (instead !== undefined) return lineOf(instead);
  const said = withoutValue(shortened(message))
    .replace(/^error: /, "")
    .replace(/\.$/, "");
  return lineOf(`${withSuggestion(said)}; --help lists what there is`);
}

/** commander adds `(Did you mean …?)` on a line of its own. */
function withSuggestion(text: string): string {
  const at = text.lastIndexOf("(Did ");
  if (at < 0 || !text.endsWith(")")) return text;
  return `${text.slice(0, at).trimEnd()}, did ${text.slice(at + "(Did ".length, -1)}`;
}

/** A value behind an unknown flag might be a secret. */
function withoutValue(message: string): string {
  return message.replace(/^(error: unknown option '[^'=]*)=.*'/s, "$1'");
}

/** Something that skopeo has and this does not is named as such. */
function insteadOf(message: string, command: string | undefined): string | undefined {
  const [, kind, name = ""] =
    /^error: unknown (command|option) '([^'\s=]{1,100})[='\s]/.exec(message) ?? [];
  const advice = kind === "command" ? insteadOfCommand(name) : insteadOfFlag(name, command);
  if (kind === undefined || advice === undefined) return undefined;
  return kind === "command"
    ? `skopeo's command ${name} is not there yet: ${advice}`
    : `${name} is not there: ${advice}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function* chainOf(error: unknown): Generator<string, void, undefined> {
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    const code = "code" in at ? ` [${String(at.code)}]` : "";
    yield `${seen.size === 0 ? "" : "caused by "}${at.stack ?? at.message}${code}`;
    seen.add(at);
  }
}

/** Asked by its code, so that a command which needs no core does not load it. */
function isNotFound(error: unknown): boolean {
  const isFound = error instanceof Error && failuresOfWork.has(error);
  return error instanceof Error && !isFound && "code" in error && error.code === "not-found";
}
