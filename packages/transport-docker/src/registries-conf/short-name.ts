import { ImageError } from "@drayage/core";
import type { NamedReference } from "@drayage/core";
import { parseNamedReference, withDefaultTag } from "@drayage/core/reference";

import { hasRegistry } from "./aliases.ts";
import { parseConfFile } from "./conf-file.ts";
import type { ShortNameMode } from "./conf-file.ts";
import { readUserAliases } from "./conf-files.ts";
import type { RegistriesConfSettings } from "./conf-files.ts";
import { loadRegistriesConf } from "./registries-conf.ts";

/** The candidates of a short name. */
export interface ResolvedShortName {
  /** The images in lookup order; one candidate if the name has a registry or is an alias. */
  readonly candidates: readonly NamedReference[];
  /**
   * With `enforcing` and several candidates the user must choose; with `permissive` only if the program is
   * interactive.
   */
  readonly mode: ShortNameMode;
}

/**
 * Resolves a short name as podman does: an alias, else the name in each of the `unqualified-search-registries`.
 * `docker()` does not use it: `docker://alpine` is on Docker Hub.
 * @throws ImageError `invalid-reference`; `unsupported` for an invalid configuration
 */
export async function resolveShortName(
  name: string,
  settings: RegistriesConfSettings = {},
): Promise<ResolvedShortName> {
  const named = parseNamedReference(name);
  const {
    shortNameMode: mode,
    aliases,
    unqualifiedSearchRegistries,
  } = await loadRegistriesConf(settings);
  if (hasRegistry(name)) return { candidates: [withDefaultTag(named)], mode };
  const { tag, digest } = named;
  const imageOf = ({ domain, path }: NamedReference): NamedReference =>
    withDefaultTag({ domain, path, ...(tag && { tag }), ...(digest && { digest }) });
  const short = name.replace(/[:@].*$/s, "");
  const chosen = await readUserAliases(settings);
  const ofUser = chosen && (await parseConfFile(chosen)).aliases;
  const alias = ofUser?.has(short) ? ofUser.get(short) : aliases.get(short);
  if (alias !== undefined) return { candidates: [imageOf(alias)], mode };
  if (unqualifiedSearchRegistries.length === 0) throw unresolved(name);
  const candidates = unqualifiedSearchRegistries.map((host) =>
    imageOf(parseNamedReference(`${host}/${short}`)),
  );
  return { candidates, mode };
}

function unresolved(name: string): ImageError {
  return new ImageError(
    "invalid-reference",
    `${JSON.stringify(name)} has no registry and no alias, and no unqualified-search-registries are configured; add the registry to the name`,
  );
}
