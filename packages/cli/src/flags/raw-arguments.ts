import { isUtf8 } from "node:buffer";
import { constants, openSync, readFileSync } from "node:fs";

import { UsageError } from "./usage-error.ts";

/**
 * Restores arguments that are not UTF-8, which Node decodes lossily. Replaces the path in such an argument with a path
 * to an open file descriptor. Rejects it if the file does not exist, because a file with the wrong name would be
 * created. @throws UsageError
 */
export function exactArguments(args: readonly string[]): readonly string[] {
  if (!args.some(hasReplacementCharacter)) return args;
  const raw = rawArguments(args.length);
  return args.map((arg, at) => {
    if (!hasReplacementCharacter(arg)) return arg;
    const bytes = raw?.[at];
    if (bytes === undefined || bytes.toString() !== arg) throw notExact(arg);
    return isUtf8(bytes) ? arg : withOpenPath(bytes, arg);
  });
}

/** @throws UsageError if one of the variables is not UTF-8 */
export function checkEnvironment(
  variables: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): void {
  const doubtful = variables.filter((name) => hasReplacementCharacter(environment[name] ?? ""));
  if (doubtful.length === 0) return;
  const raw = nullSeparated("/proc/self/environ");
  for (const name of doubtful) {
    const entry = raw?.find((one) => one.toString().startsWith(`${name}=`));
    if (entry === undefined || !isUtf8(entry))
      throw new UsageError(`${name} is not UTF-8; name the file or folder by a path that is`);
  }
}

/** Node replaces undecodable bytes with U+FFFD. A valid name can contain it too. */
function hasReplacementCharacter(text: string): boolean {
  return text.includes("\uFFFD");
}

/** The last `count` arguments; undefined if the system does not expose them. */
function rawArguments(count: number): readonly Buffer[] | undefined {
  const all = nullSeparated("/proc/self/cmdline");
  return all === undefined || all.length < count ? undefined : all.slice(-count);
}

function nullSeparated(file: string): readonly Buffer[] | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return undefined;
  }
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.byteLength;) {
    const end = bytes.indexOf(0, start);
    parts.push(bytes.subarray(start, end < 0 ? undefined : end));
    start = end < 0 ? bytes.byteLength : end + 1;
  }
  return parts;
}

/**
 * Opens the path in `--flag=transport:PATH:NAME`, up to the last component that is not UTF-8, and substitutes the path
 * of its descriptor.
 */
function withOpenPath(bytes: Buffer, shown: string): string {
  // Latin-1 has one character per byte, so positions in the text and the bytes are the same.
  const text = bytes.toString("latin1");
  const [before = ""] = /^(?:--?[\w-]+=)?(?:[a-z][a-z0-9-]*:)?/.exec(text) ?? [];
  // Ends after the last component that has a non-ASCII byte.
  const [path = text] = /^.*[\x80-\xFF][^/:]*/s.exec(text) ?? [];
  const end = path.length;
  const opened = openedPath(bytes.subarray(before.length, end));
  if (opened === undefined) throw notExact(shown);
  return before + opened + text.slice(end);
}

/** The descriptor stays open for the lifetime of the process. */
function openedPath(file: Buffer): string | undefined {
  try {
    return `/proc/self/fd/${openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)}`;
  } catch {
    return undefined;
  }
}

function notExact(arg: string): UsageError {
  return new UsageError(
    `${JSON.stringify(arg)} is not UTF-8, and no such file or folder exists; use another name, or create the folder first`,
  );
}
