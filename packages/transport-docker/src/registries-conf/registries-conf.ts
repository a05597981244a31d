import type { Aliases } from "./aliases.ts";
import { parseConfFile } from "./conf-file.ts";
import type { ConfFile, ShortNameMode } from "./conf-file.ts";
import { readConfFiles } from "./conf-files.ts";
import type { RegistriesConfSettings } from "./conf-files.ts";
import type { RegistryEntry } from "./registry-entry.ts";

/** What all files together say (containers-registries.conf(5)). */
export interface RegistriesConf {
  readonly registries: readonly RegistryEntry[];
  /** Hosts, in the order in which a short name is looked for. */
  readonly unqualifiedSearchRegistries: readonly string[];
  readonly shortNameMode: ShortNameMode;
  /** Names of credential helpers; `containers-auth.json` stands for the files of credentials. */
  readonly credentialHelpers: readonly string[];
  readonly aliases: Aliases;
}

/**
 * Reads what there is. An entry of a later file takes the place of one with the same prefix, any other key that of the
 * same key; aliases are added up.
 * @throws ImageError `unsupported` for a file that cannot be read or followed whole
 */
export async function loadRegistriesConf(
  settings: RegistriesConfSettings,
): Promise<RegistriesConf> {
  const texts = await readConfFiles(settings);
  return merged(await Promise.all(texts.map(parseConfFile)));
}

/**
 * Who keeps credentials, in the order in which they are asked: what `findCredentials` and its like take.
 * @throws ImageError `unsupported` for a configuration that cannot be followed
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
