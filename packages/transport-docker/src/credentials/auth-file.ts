import { ImageError, isImageError, isJSONObject } from "@drayage/core";
import type { JSONObject, OperationOptions } from "@drayage/core";
import { hasCode, readNamedFile } from "@drayage/core/files";

import type { AuthFilePlace } from "./auth-file-places.ts";

/** A file of credentials, as podman, skopeo and docker write it. */
export interface AuthFile {
  readonly path: string;
  readonly isLegacy: boolean;
  /** By registry, by namespace or by repository. */
  readonly auths: Readonly<Record<string, JSONObject>>;
  /** Names of programs, by registry or by namespace. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** The program for all others. */
  readonly credsStore: string | undefined;
  /** All of it, what nobody here knows included. */
  readonly content: JSONObject;
}

/** undefined where there is none. @throws ImageError `unsupported` for one that is broken */
export async function readAuthFile(
  place: AuthFilePlace,
  options: OperationOptions = {},
): Promise<AuthFile | undefined> {
  const text = await textOf(place.path, options);
  return text === undefined ? undefined : parseAuthFile(place, text);
}

/** @throws ImageError `unsupported` */
export function parseAuthFile({ path, isLegacy = false }: AuthFilePlace, text: string): AuthFile {
  const content = contentOf(path, text);
  const { auths, credHelpers, credsStore } = isLegacy ? { auths: content } : content;
  return {
    path,
    isLegacy,
    auths: recordOf(path, "auths", auths, isJSONObject, "an object"),
    credHelpers: recordOf(path, "credHelpers", credHelpers, isHelperName, "the name of a helper"),
    credsStore: storeOf(path, credsStore),
    content,
  };
}

/** What is wrong with a file, in words that have nothing of its content: not even a cause, which would show it. */
export function authFileError(path: string, problem: string): ImageError {
  return new ImageError("unsupported", `The file of credentials ${path} is of no use: ${problem}`);
}

async function textOf(path: string, { signal }: OperationOptions): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readNamedFile(path, { signal }));
  } catch (cause) {
    signal?.throwIfAborted();
    if (isImageError(cause)) throw authFileError(path, cause.message);
    if (hasCode(cause, "ENOENT", "ENOTDIR")) return undefined;
    const problem = `it cannot be read: ${(cause as NodeJS.ErrnoException).code}`;
    throw authFileError(path, problem);
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

function recordOf<Value>(
  path: string,
  name: string,
  record: unknown,
  isRight: (value: unknown) => value is Value,
  what: string,
): Readonly<Record<string, Value>> {
  if (record === undefined || record === null) return {};
  if (!isJSONObject(record)) throw authFileError(path, `${name} is not an object`);
  const entries = Object.entries(record).filter(([, value]) => value !== null);
  const right = entries.flatMap(([key, value]) => (isRight(value) ? [[key, value] as const] : []));
  const wrong = entries.find(([, value]) => !isRight(value));
  if (wrong === undefined) return Object.fromEntries(right);
  throw authFileError(path, `${name} has something else than ${what} for ${wrong[0]}`);
}

function storeOf(path: string, name: unknown): string | undefined {
  if (name === undefined || name === null || name === "") return undefined;
  if (isHelperName(name)) return name;
  throw authFileError(path, "credsStore is not the name of a helper");
}

/** What can follow `docker-credential-` in the name of a program; a path would lead to any program. */
function isHelperName(name: unknown): name is string {
  return typeof name === "string" && /^[^/\\\0]+$/.test(name);
}
