import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { implicitPathOf, isImageError } from "@drayage/core";
import type { SystemContext } from "@drayage/core";
import { hasCode, readNamedFile } from "@drayage/transport-kit/files";

import { confError } from "./conf-error.ts";

/** Settings of the registries configuration. */
export interface RegistriesConfSettings {
  /** The main file, which must exist; undefined uses the default files of podman; false reads no file. */
  readonly registriesConf?: string | false | undefined;
  readonly system?: SystemContext | undefined;
}

export interface ConfText {
  readonly file: string;
  readonly text: string;
  /** Whether it is read in addition to the main file. */
  readonly isDropIn: boolean;
}

/**
 * Reads the configuration files in increasing order of precedence: the named file, else the file of the user, else the
 * file of the system; then `registries.conf.d/*.conf` of the system, unless the user has a main file, and of the user.
 * A file in `CONTAINERS_REGISTRIES_CONF` is read without drop-ins; `CONTAINERS_REGISTRIES_CONF_DIR` always sets the
 * folder of drop-ins. `rootForImplicitAbsolutePaths` disables both variables.
 */
export async function readConfFiles(
  settings: RegistriesConfSettings,
): Promise<readonly ConfText[]> {
  const { registriesConf, system = {} } = settings;
  if (registriesConf === false) return [];
  const [ofUser, ofSystem] = defaultFiles(system);
  const byVariable = variableOf("CONTAINERS_REGISTRIES_CONF", system);
  const folder = variableOf("CONTAINERS_REGISTRIES_CONF_DIR", system);
  const named = registriesConf ?? byVariable;
  const first = named === undefined ? await findText(ofUser) : await readText(named, false);
  const main = first ?? (await findText(ofSystem));
  let folders = [`${ofSystem}.d`, `${ofUser}.d`];
  if (folder !== undefined) folders = [folder];
  else if (main?.file === ofUser) folders = [`${ofUser}.d`];
  else if (registriesConf === undefined && byVariable !== undefined) folders = [];
  const dropIns = await Promise.all(folders.map(readDropIns));
  return [...(main === undefined ? [] : [main]), ...dropIns.flat()];
}

/** Reads `~/.cache/containers/short-name-aliases.conf`, where podman stores the choices of the user. */
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

/** Variables hold paths of the host and do not apply to another root. */
function variableOf(
  name: string,
  { environment = process.env, rootForImplicitAbsolutePaths: root }: SystemContext,
): string | undefined {
  return root === undefined ? environment[name] || undefined : undefined;
}

function defaultFiles(system: SystemContext): readonly [ofUser: string, ofSystem: string] {
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
  const words = isMissing ? "it does not exist" : isImageError(cause) ? message : code;
  return confError(file, `it cannot be read: ${words}`, cause);
}
