import { ImageError, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { hasCode, readNamedFile } from "@drayage/transport-kit/files";
import { oneLine } from "@drayage/transport-kit/wire";

import type { AuthFileLocation } from "./auth-file-locations.ts";

/** A credentials file in the format of podman, skopeo and docker. */
export interface AuthFile {
  readonly path: string;
  readonly isLegacy: boolean;
  /** Entries by registry, namespace or repository. An entry that is not an object is reported when it is used. */
  readonly auths: JSONObject;
  /** Helper names by registry or namespace; an empty name disables helpers for it, including `credsStore`. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** The helper for all other registries. */
  readonly credsStore: string | undefined;
  /** The whole content, including unknown fields. */
  readonly content: JSONObject;
}

/**
 * Reads a credentials file; undefined if it does not exist. An unreadable file in a default location is skipped with a
 * notice.
 * @throws ImageError `unsupported` for an invalid file
 */
export async function readAuthFile(
  location: AuthFileLocation,
  options: OperationOptions = {},
): Promise<AuthFile | undefined> {
  const text = await textOf(location, options);
  return text === undefined ? undefined : parseAuthFile(location, text);
}

/** @throws ImageError `unsupported` */
export function parseAuthFile(
  { path, isLegacy = false }: AuthFileLocation,
  text: string,
): AuthFile {
  const content = contentOf(path, text);
  const { auths, credHelpers, credsStore } = isLegacy ? { auths: content } : content;
  return {
    path,
    isLegacy,
    auths: objectOf(path, "auths", auths),
    credHelpers: helpersOf(path, credHelpers),
    credsStore: defaultHelperOf(path, credsStore),
    content,
  };
}

/**
 * The error for an invalid file. The message contains none of its content, and there is no cause, because either could
 * reveal a secret.
 */
export function authFileError(path: string, problem: string): ImageError {
  return new ImageError("unsupported", `Invalid credentials file ${path}: ${problem}`);
}

/** A container or a build machine may have an unreadable file of another user; public images do not need it. */
async function textOf(
  { path, isDefault = false }: AuthFileLocation,
  { signal, onNotice }: OperationOptions,
): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readNamedFile(path, { signal }));
  } catch (cause) {
    signal?.throwIfAborted();
    if (hasCode(cause, "ENOENT", "ENOTDIR")) return undefined;
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem = isImageError(cause) ? message : `it cannot be read (${code})`;
    if (!isDefault) throw authFileError(path, problem);
    const text = `The credentials file ${path} was skipped: ${problem}; to log in, name another file`;
    onNotice?.({ kind: "configuration", text });
    return undefined;
  }
}

function contentOf(path: string, text: string): JSONObject {
  if (text.trim() === "") return {};
  const content = parsed(path, text);
  if (isJSONObject(content)) return content;
  throw authFileError(path, "it is not a JSON object");
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [position = ""] = / \(line \d+ column \d+\)/.exec(String(error)) ?? [];
    throw authFileError(path, `it is not JSON${position}`);
  }
}

function objectOf(path: string, name: string, value: unknown): JSONObject {
  if (value === undefined || value === null) return {};
  if (isJSONObject(value)) return value;
  throw authFileError(path, `${name} is not an object`);
}

function helpersOf(path: string, value: unknown): Readonly<Record<string, string>> {
  const helpers = Object.entries(objectOf(path, "credHelpers", value)).flatMap(([key, name]) => {
    if (name === null) return [];
    if (name === "" || isHelperName(name)) return [[key, name] as const];
    const problem = `credHelpers has no valid name of a helper for ${oneLine(key)}`;
    throw authFileError(path, problem);
  });
  return Object.fromEntries(helpers);
}

function defaultHelperOf(path: string, name: unknown): string | undefined {
  if (name === undefined || name === null || name === "") return undefined;
  if (isHelperName(name)) return name;
  throw authFileError(path, "credsStore is not the name of a helper");
}

/** Whether a name can follow `docker-credential-`; a path could name any program. */
function isHelperName(name: unknown): name is string {
  return typeof name === "string" && /^[^/\\\p{C}]+$/u.test(name);
}
