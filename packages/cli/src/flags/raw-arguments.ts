import { isUtf8 } from "node:buffer";
import { constants, openSync, readFileSync } from "node:fs";

import { UsageError } from "./usage-error.ts";

/**
 * The arguments, of which Node has decoded those that are not UTF-8 to other text. The path in such a one, where there is
 * a file or a folder, is replaced by a path to that very file; one that is not there is refused, since it would get
 * another name than was asked for.
 * @throws UsageError
 */
export function exactArguments(args: readonly string[]): readonly string[] {
  if (!args.some(isDoubtful)) return args;
  const raw = rawArguments(args.length);
  return args.map((arg, at) => {
    if (!isDoubtful(arg)) return arg;
    const bytes = raw?.[at];
    if (bytes === undefined || bytes.toString() !== arg) throw notExact(arg);
    return isUtf8(bytes) ? arg : withOpenPath(bytes, arg);
  });
}

/** @throws UsageError where a variable that names files is not UTF-8 */
export function checkVariables(environment: NodeJS.ProcessEnv = process.env): void {
  const doubtful = variables.filter((name) => isDoubtful(environment[name] ?? ""));
  if (doubtful.length === 0) return;
  const raw = nullSeparated("/proc/self/environ");
  for (const name of doubtful) {
    const entry = raw?.find((one) => one.toString().startsWith(`${name}=`));
    if (entry === undefined || !isUtf8(entry))
      throw new UsageError(`${name} is not UTF-8: name the file or folder by a path that is`);
  }
}

/** That name a file or a folder which is read or written. */
const variables = [
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "CONTAINERS_REGISTRIES_CONF",
  "CONTAINERS_REGISTRIES_CONF_DIR",
  "DOCKER_CERT_PATH",
  "DOCKER_CONFIG",
  "HOME",
  "REGISTRY_AUTH_FILE",
  "TMPDIR",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_RUNTIME_DIR",
  "XDG_STATE_HOME",
];

/** What Node puts in the place of bytes that it cannot decode; a name may have it as well. */
function isDoubtful(text: string): boolean {
  return text.includes("\uFFFD");
}

/** The last so many; undefined where the system does not show them. */
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

/** In `--flag=transport:PATH:NAME` the path, up to the component that is not UTF-8, is opened and named by its number. */
function withOpenPath(bytes: Buffer, shown: string): string {
  // One character for each byte, so that both have the same positions.
  const text = bytes.toString("latin1");
  const [before = ""] = /^(?:--?[\w-]+=)?(?:[a-z][a-z0-9-]*:)?/.exec(text) ?? [];
  // Up to the end of the last component that has a byte above ASCII.
  const [path = text] = /^.*[\x80-\xFF][^/:]*/s.exec(text) ?? [];
  const end = path.length;
  const opened = openedPath(bytes.subarray(before.length, end));
  if (opened === undefined) throw notExact(shown);
  return before + opened + text.slice(end);
}

/** It stays open as long as the process lives. */
function openedPath(file: Buffer): string | undefined {
  try {
    return `/proc/self/fd/${openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)}`;
  } catch {
    return undefined;
  }
}

function notExact(arg: string): UsageError {
  return new UsageError(
    `${JSON.stringify(arg)} is not UTF-8, and no file or folder of that name is there: give it another name, or make the folder first`,
  );
}
