import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { implicitPathOf, isImageError } from "@drayage/core";
import type { SystemContext } from "@drayage/core";
import { hasCode, readNamedFile } from "@drayage/transport-kit/files";

import { confError } from "../registries-conf/conf-error.ts";
import { parseSignatureConf } from "./signature-conf.ts";
import type { SignatureSection } from "./signature-conf.ts";

/** Settings of the files that configure signature stores. */
export interface RegistriesDSettings {
  /** The folder, which must exist; undefined uses the default folders of podman; false reads nothing. */
  readonly registriesDir?: string | false | undefined;
  readonly system?: SystemContext | undefined;
}

/** The merged files of a folder (containers-registries.d(5)). */
export interface RegistriesD {
  /** By registry, namespace, repository or image. */
  readonly sections: ReadonlyMap<string, SignatureSection>;
  readonly fallback: SignatureSection | undefined;
}

/**
 * Reads `*.yaml` in the named folder, else the folder of the user, else the folder of the system.
 * @throws ImageError `unsupported` for an invalid file, or a section in two files
 */
export async function loadRegistriesD(settings: RegistriesDSettings): Promise<RegistriesD> {
  const sections = new Map<string, SignatureSection>();
  let fallback: SignatureSection | undefined;
  for (const file of await filesOf(settings)) {
    const parsed = await parseSignatureConf(file, await textOf(file));
    if (fallback !== undefined && parsed.fallback !== undefined) {
      throw repeated(file, "default-docker", fallback);
    }
    fallback ??= parsed.fallback;
    for (const [scope, section] of parsed.sections) {
      const first = sections.get(scope);
      if (first !== undefined) throw repeated(file, `docker: ${scope}`, first);
      sections.set(scope, section);
    }
  }
  return { sections, fallback };
}

function repeated(file: string, what: string, { file: other }: SignatureSection): Error {
  return confError(file, `${JSON.stringify(what)} is also in ${other}; keep one of them`);
}

async function filesOf(settings: RegistriesDSettings): Promise<readonly string[]> {
  const { registriesDir } = settings;
  if (registriesDir === false) return [];
  const folders = registriesDir === undefined ? defaultFolders(settings) : [registriesDir];
  for (const folder of folders) {
    const names = await namesIn(folder, registriesDir !== undefined);
    if (names !== undefined) return names.map((name) => path.join(folder, name));
  }
  return [];
}

function defaultFolders({ system = {} }: RegistriesDSettings): readonly string[] {
  const { environment = process.env } = system;
  const home = environment["HOME"] || homedir();
  const config = environment["XDG_CONFIG_HOME"] || path.join(home, ".config");
  return [
    path.join(config, "containers/registries.d"),
    implicitPathOf("/etc/containers/registries.d", system),
  ];
}

async function namesIn(folder: string, isNamed: boolean): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith(".yaml")).toSorted();
  } catch (cause) {
    if (!isNamed && hasCode(cause, "ENOENT", "ENOTDIR")) return undefined;
    throw unreadable(folder, cause);
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readNamedFile(file)).toString();
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  return confError(file, `it cannot be read: ${isImageError(cause) ? message : code}`, cause);
}
