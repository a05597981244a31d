import type { Aliases } from "./aliases.ts";
import { parseConfFile } from "./conf-file.ts";
import type { ConfFile, ShortNameMode } from "./conf-file.ts";
import { readConfFiles } from "./conf-files.ts";
import type { RegistriesConfSettings } from "./conf-files.ts";
import type { RegistryEntry } from "./registry-entry.ts";

/** The merged configuration of all files (containers-registries.conf(5)). */
export interface RegistriesConf {
  readonly registries: readonly RegistryEntry[];
  /** Hosts in lookup order for short names. */
  readonly unqualifiedSearchRegistries: readonly string[];
  readonly shortNameMode: ShortNameMode;
  /** The names of credential helpers; `containers-auth.json` stands for the credentials files. */
  readonly credentialHelpers: readonly string[];
  readonly aliases: Aliases;
}

/**
 * Reads and merges the configuration files. Later files replace entries with the same prefix and other keys; aliases
 * are merged.
 * @throws ImageError `unsupported` for an unreadable or invalid file
 */
export async function loadRegistriesConf(
  settings: RegistriesConfSettings,
): Promise<RegistriesConf> {
  const strings = await readConfFiles(settings);
  return merged(await Promise.all(strings.map(parseConfFile)));
}

/**
 * The credential helpers in lookup order, for `findCredentials` and the other credential functions.
 * @throws ImageError `unsupported` for an invalid configuration
 */
export async function readCredentialHelpers(
  settings: RegistriesConfSettings = {},
): Promise<readonly string[]> {
  return (await loadRegistriesConf(settings)).credentialHelpers;
}

function merged(files: readonly ConfFile[]): RegistriesConf {
  const entries = files.flatMap(({ registries }) => registries);
  const last = <Key extends keyof ConfFile>(key: Key): ConfFile[Key] | undefined =>
    files.findLast((file) => file[key] !== undefined)?.[key];
  const helpers = last("credentialHelpers") ?? [];
  return {
    registries: [...new Map(entries.map((entry) => [entry.name, entry])).values()],
    unqualifiedSearchRegistries: last("unqualifiedSearchRegistries") ?? [],
    shortNameMode: last("shortNameMode") ?? "permissive",
    credentialHelpers: helpers.length === 0 ? ["containers-auth.json"] : helpers,
    aliases: new Map(files.flatMap(({ aliases }) => [...aliases])),
  };
}
