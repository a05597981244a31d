import { readAliases } from "./aliases.ts";
import type { Aliases } from "./aliases.ts";
import { confError } from "./conf-error.ts";
import type { ConfText } from "./conf-files.ts";
import { ConfTable } from "./conf-table.ts";
import { readHosts } from "./hosts.ts";
import { readRegistryEntries } from "./registry-entry.ts";
import type { RegistryEntry } from "./registry-entry.ts";
import { readVersion1 } from "./version-1.ts";

/** How to resolve an ambiguous short name (containers-registries.conf(5), "short-name-mode"). */
export type ShortNameMode = "enforcing" | "permissive" | "disabled";

/** The content of one file; undefined for missing keys. */
export interface ConfFile {
  readonly registries: readonly RegistryEntry[];
  readonly unqualifiedSearchRegistries?: readonly string[] | undefined;
  readonly shortNameMode?: ShortNameMode | undefined;
  readonly credentialHelpers?: readonly string[] | undefined;
  readonly aliases: Aliases;
}

/** Parses a file and ignores unknown keys. @throws ImageError `unsupported` */
export async function parseConfFile({ file, text, isDropIn }: ConfText): Promise<ConfFile> {
  const root = new ConfTable(file, hasOnlyComments(text) ? {} : await parseTOML(file, text));
  const version1 = readVersion1(root);
  if (version1 === undefined) return readVersion2(root);
  if (isDropIn)
    throw root.problem("registries", "is version 1 of the format; use version 2 in a drop-in");
  if (!root.has(...version2Keys)) return { ...version1, aliases: new Map() };
  throw root.problem(
    "registries",
    "is version 1 of the format and cannot be combined with keys of version 2",
  );
}

const version2Keys = [
  "registry",
  "unqualified-search-registries",
  "credential-helpers",
  "short-name-mode",
  "additional-layer-store-auth-helper",
  "aliases",
];

/** Whether a file holds only comments, as default files of distributions do. */
function hasOnlyComments(text: string): boolean {
  return text.split("\n").every((line) => /^\s*(?:#|$)/.test(line));
}

async function parseTOML(file: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  const { parse } = await import("smol-toml");
  try {
    return parse(text);
  } catch (cause) {
    const { message, line, column } = cause as { message: string; line?: number; column?: number };
    const [problem = ""] = message.split("\n");
    throw confError(file, `${problem} (line ${line}, column ${column})`, cause);
  }
}

function readVersion2(root: ConfTable): ConfFile {
  return {
    registries: readRegistryEntries(root),
    unqualifiedSearchRegistries: readHosts(root, "unqualified-search-registries"),
    shortNameMode: readShortNameMode(root),
    credentialHelpers: root.strings("credential-helpers"),
    aliases: readAliases(root),
  };
}

function readShortNameMode(root: ConfTable): ShortNameMode | undefined {
  const mode = root.text("short-name-mode") ?? "";
  if (mode === "") return undefined;
  if (mode === "enforcing" || mode === "permissive" || mode === "disabled") return mode;
  throw root.problem("short-name-mode", "must be enforcing, permissive or disabled");
}
