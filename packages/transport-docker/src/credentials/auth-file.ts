import { ImageError, isImageError, isJSONObject } from "@drayage/core";
import type { JSONObject, OperationOptions } from "@drayage/core";
import { hasCode, readNamedFile } from "@drayage/transport-kit/files";
import { oneLine } from "@drayage/transport-kit/wire";

import type { AuthFilePlace } from "./auth-file-places.ts";

/** A file of credentials, as podman, skopeo and docker write it. */
export interface AuthFile {
  readonly path: string;
  readonly isLegacy: boolean;
  /** By registry, by namespace or by repository; an entry that is not an object is an error only when it is needed. */
  readonly auths: JSONObject;
  /** Names of programs, by registry or by namespace; empty where a registry has none, not even `credsStore`. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** The program for all others. */
  readonly credsStore: string | undefined;
  /** All of it, what nobody here knows included. */
  readonly content: JSONObject;
}

/**
 * undefined where there is none. A file in a default location that cannot be read is left out, with a notice.
 * @throws ImageError `unsupported` for one that is broken
 */
export async function readAuthFile(
  place: AuthFilePlace,
  options: OperationOptions = {},
): Promise<AuthFile | undefined> {
  const text = await textOf(place, options);
  return text === undefined ? undefined : parseAuthFile(place, text);
}

/** @throws ImageError `unsupported` */
export function parseAuthFile({ path, isLegacy = false }: AuthFilePlace, text: string): AuthFile {
  const content = contentOf(path, text);
  const { auths, credHelpers, credsStore } = isLegacy ? { auths: content } : content;
  return {
    path,
    isLegacy,
    auths: objectOf(path, "auths", auths),
    credHelpers: helpersOf(path, credHelpers),
    credsStore: storeOf(path, credsStore),
    content,
  };
}

/** What is wrong with a file, in words that have nothing of its content: not even a cause, which would show it. */
export function authFileError(path: string, problem: string): ImageError {
  return new ImageError("unsupported", `The file of credentials ${path} is of no use: ${problem}`);
}

/** A container or a build machine may have such a file of another user; public images do not need it. */
async function textOf(
  { path, isDefault = false }: AuthFilePlace,
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
    const text = `The file of credentials ${path} is left out: ${problem}; to log in, name another one`;
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
    const [place = ""] = / \(line \d+ column \d+\)/.exec(String(error)) ?? [];
    throw authFileError(path, `it is not JSON${place}`);
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
    const problem = `credHelpers has something else than the name of a helper for ${oneLine(key)}`;
    throw authFileError(path, problem);
  });
  return Object.fromEntries(helpers);
}

function storeOf(path: string, name: unknown): string | undefined {
  if (name === undefined || name === null || name === "") return undefined;
  if (isHelperName(name)) return name;
  throw authFileError(path, "credsStore is not the name of a helper");
}

/** What can follow `docker-credential-` in the name of a program; a path would lead to any program. */
function isHelperName(name: unknown): name is string {
  return typeof name === "string" && /^[^/\\\p{C}]+$/u.test(name);
}
