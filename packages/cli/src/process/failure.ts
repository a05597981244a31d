import { singleLine, truncateMiddle } from "@drayage/core/text";
import { CommanderError } from "commander";

import { alternativeToCommand, alternativeToFlag } from "../flags/skopeo-alternatives.ts";
import { Interrupted } from "./interruption.ts";
import { withoutSettings } from "./setting-names.ts";

/** Errors that exit with code 1, whatever their own code is. */
const generalFailures = new WeakSet<Error>();

/** Marks an error that does not mean a missing image, even if its code is `not-found`. */
export function asGeneralFailure(error: unknown): unknown {
  if (error instanceof Error) generalFailures.add(error);
  return error;
}

/** 2 for a missing image, 128 plus the signal number for an interruption, otherwise 1. */
export function exitCodeOf(failure: unknown): number {
  const error = firstOf(failure);
  if (error instanceof Interrupted || error instanceof CommanderError) return error.exitCode;
  return isNotFound(error) ? 2 : 1;
}

/**
 * One line; with `debug` also the stack traces of the causes. undefined if commander has already printed the message.
 */
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

/** `drayage: …` as one printable line. */
export function lineOf(message: string): string {
  return `drayage: ${singleLine(withoutSettings(message))}`;
}

/** An error during cleanup is less important than the error before it. */
function firstOf(failure: unknown): unknown {
  let error = failure;
  while (error instanceof Error && error.name === "SuppressedError" && "suppressed" in error) {
    error = error.suppressed;
  }
  return error;
}

/** Help and version are already printed. */
function describeCommandLine(
  { code, message }: CommanderError,
  command: string | undefined,
): string | undefined {
  if (code === "commander.help" || code === "commander.helpDisplayed") return undefined;
  if (code === "commander.version") return undefined;
  const instead = insteadOf(message, command);
  if (instead !== undefined) return lineOf(instead);
  const text = withoutValue(truncateMiddle(message))
    .replace(/^error: /, "")
    .replace(/\.$/, "");
  return lineOf(`${withSuggestion(text)}; --help lists all commands and flags`);
}

/** commander appends `(Did you mean …?)` on a line of its own. */
function withSuggestion(text: string): string {
  const at = text.lastIndexOf("(Did ");
  if (at < 0 || !text.endsWith(")")) return text;
  return `${text.slice(0, at).trimEnd()}, did ${text.slice(at + "(Did ".length, -1)}`;
}

/** The value of an unknown flag may be a secret. */
function withoutValue(message: string): string {
  return message.replace(/^(error: unknown option '[^'=]*)=.*'/s, "$1'");
}

/** Returns advice for commands and flags of skopeo. */
function insteadOf(message: string, command: string | undefined): string | undefined {
  const [, kind, name = ""] =
    /^error: unknown (command|option) '([^'\s=]{1,100})[='\s]/.exec(message) ?? [];
  const advice = kind === "command" ? alternativeToCommand(name) : alternativeToFlag(name, command);
  if (kind === undefined || advice === undefined) return undefined;
  return kind === "command"
    ? `skopeo's command ${name} is not supported: ${advice}`
    : `${name} is not supported: ${advice}`;
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

/** Compares codes instead of types, so that a command without core does not load it. */
function isNotFound(error: unknown): boolean {
  const isFound = error instanceof Error && generalFailures.has(error);
  return error instanceof Error && !isFound && "code" in error && error.code === "not-found";
}
