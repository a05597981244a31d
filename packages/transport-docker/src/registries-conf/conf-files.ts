import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { implicitPathOf, isImageError } from "@drayage/core";
import type { SystemContext } from "@drayage/core";
import { hasCode, readNamedFile } from "@drayage/transport-kit/files";

import { confError } from "./conf-error.ts";

/** Which configuration is read. */
export interface RegistriesConfSettings {
  /** The main file, which must be there; undefined looks where podman does; false reads nothing. */
  readonly registriesConf?: string | false | undefined;
  readonly system?: SystemContext | undefined;
}

export interface ConfText {
  readonly file: string;
  readonly text: string;
  /** Read in addition to the main file. */
  readonly isDropIn: boolean;
}

/**
 * All that there is to read, what counts less first: the file that was named, else the user's, else the machine's; then
 * `registries.conf.d/*.conf` of the machine, unless the user has a main file, and of the user. A file that
 * `CONTAINERS_REGISTRIES_CONF` names is read without those; `CONTAINERS_REGISTRIES_CONF_DIR` names others in any case.
 * With `rootForImplicitAbsolutePaths` neither variable counts.
 */
export async function readConfFiles(
  settings: RegistriesConfSettings,
): Promise<readonly ConfText[]> {
  const { registriesConf, system = {} } = settings;
  if (registriesConf === false) return [];
  const [ofUser, ofMachine] = usualFiles(system);
  const byVariable = variableOf("CONTAINERS_REGISTRIES_CONF", system);
  const folder = variableOf("CONTAINERS_REGISTRIES_CONF_DIR", system);
  const named = registriesConf ?? byVariable;
  const first = named === undefined ? await findText(ofUser) : await readText(named, false);
  const main = first ?? (await findText(ofMachine));
  let folders = [`${ofMachine}.d`, `${ofUser}.d`];
  if (folder !== undefined) folders = [folder];
  else if (main?.file === ofUser) folders = [`${ofUser}.d`];
  else if (registriesConf === undefined && byVariable !== undefined) folders = [];
  const dropIns = await Promise.all(folders.map(readDropIns));
  return [...(main === undefined ? [] : [main]), ...dropIns.flat()];
}

/** `~/.cache/containers/short-name-aliases.conf`, where podman keeps what a user chose. */
export async function readUserAliases({
  registriesConf,
  system = {},
}: RegistriesConfSettings): Promise<ConfText | undefined> {
  if (registriesConf === false) return undefined;
  const { environment = process.env } = system;
  const isRoot = process.getuid?.() === 0;
  const cache = environment["XDG_CACHE_HOME"] || path.join(homeOf(environment), ".cache");
  const folder = isRoot ? implicitPathOf("/var/cache", system) : cache;
  return findText(path.join(folder, "containers/short-name-aliases.conf"));
}

/** A path in a variable is one of this machine, not one below another root. */
function variableOf(
  name: string,
  { environment = process.env, rootForImplicitAbsolutePaths: root }: SystemContext,
): string | undefined {
  return root === undefined ? environment[name] || undefined : undefined;
}

function usualFiles(system: SystemContext): readonly [ofUser: string, ofMachine: string] {
  const { environment = process.env } = system;
  const config = environment["XDG_CONFIG_HOME"] || path.join(homeOf(environment), ".config");
  return [
    path.join(config, "containers/registries.conf"),
    implicitPathOf("/etc/containers/registries.conf", system),
  ];
}

type Environment = NonNullable<SystemContext["environment"]>;

function homeOf(environment: Environment): string {
  return environment["HOME"] || homedir();
}

async function readDropIns(folder: string): Promise<readonly ConfText[]> {
  const entries = await unlessMissing(folder, readdir(folder, { withFileTypes: true }));
  const files = (entries ?? []).filter((entry) => !entry.isDirectory());
  const names = files.map(({ name }) => name).filter((name) => name.endsWith(".conf"));
  return Promise.all(names.toSorted().map(async (name) => readText(path.join(folder, name), true)));
}

async function findText(file: string): Promise<ConfText | undefined> {
  const text = await unlessMissing(file, textOf(file));
  return text === undefined ? undefined : { file, text, isDropIn: false };
}

async function readText(file: string, isDropIn: boolean): Promise<ConfText> {
  try {
    return { file, text: await textOf(file), isDropIn };
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function textOf(file: string): Promise<string> {
  return (await readNamedFile(file)).toString();
}

async function unlessMissing<Value>(
  file: string,
  read: Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await read;
  } catch (cause) {
    if (hasCode(cause, "ENOENT", "ENOTDIR")) return undefined;
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing = code === "ENOENT";
  const words = isMissing ? "there is no such file" : isImageError(cause) ? message : code;
  return confError(file, `it cannot be read: ${words}`, cause);
}
