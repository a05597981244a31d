import type { Platform } from "@drayage/core";
import type { Command } from "commander";

import { listed, listedByCommas } from "./flag-values.ts";
import { parseBoolean } from "./normalized-arguments.ts";
import { separate } from "./separate-flag.ts";
import { sideFlagTable } from "./side-flag-table.ts";
import type { SideFlag, SideFlags } from "./side-flag-table.ts";
import { UsageError } from "./usage-error.ts";

/** The prefix of a side's flags. A copy has two sides, other commands have one. */
export type SidePrefix = "" | "src-" | "dest-";

/** One side of a command. */
export interface Side {
  readonly prefix: SidePrefix;
  readonly flags: SideFlags;
  /** The credentials file that was passed for this side or for both. */
  readonly authFile?: string | undefined;
  /** The registries.conf file that was passed. */
  readonly registriesConf?: string | undefined;
  /** The registries.d folder that was passed. */
  readonly registriesDir?: string | undefined;
  /** The platform to select images for. Images from tar files get this platform. */
  readonly platform?: Platform | undefined;
  /** Whether results may be cached for later runs. */
  readonly isCached: boolean;
  /** The maximum number of parallel blobs, if it was passed. */
  readonly parallelBlobs?: number | undefined;
}

export function addSideFlags(command: Command, prefix: SidePrefix, heading: string): void {
  command.optionsGroup(heading);
  for (const { flag, help, parse, isListed, only = prefix, isBare } of Object.values(
    sideFlagTable,
  )) {
    if (only !== prefix) continue;
    const option = separate(`--${isBare ? "" : prefix}${flag}`, help);
    if (parse !== undefined) option.argParser(parse);
    if (isListed) option.argParser(isListed === "commas" ? listedByCommas : listed);
    if (option.optional) option.argParser((text) => parseBoolean(option.long ?? flag, text));
    command.addOption(option);
  }
}

/** Extracts the flags of one side from all options of a command. */
export function sideOf(
  options: Readonly<Record<string, unknown>>,
  prefix: SidePrefix,
  parallelBlobs?: number,
): Side {
  const entries = Object.entries(sideFlagTable).flatMap(([name, { only = prefix, isBare }]) => {
    const value = only === prefix ? options[optionName(isBare ? "" : prefix, name)] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  const flags = Object.fromEntries(entries) as SideFlags;
  const authFile = flags.authfile ?? (options["authfile"] as string | undefined);
  const registriesConf = options["registriesConf"] as string | undefined;
  const registriesDir = options["registries.d"] as string | undefined;
  const isCached = options["cache"] !== false;
  const side = { prefix, flags, authFile, registriesConf, registriesDir, isCached, parallelBlobs };
  refuseContradictions(side);
  return side;
}

/** The flag with its prefix: `--dest-creds`. */
export function writtenFlag(prefix: SidePrefix, name: SideFlag): string {
  const { flag, isBare } = sideFlagTable[name];
  return `--${isBare ? "" : prefix}${flag.replace(/ .*/, "")}`;
}

function optionName(prefix: SidePrefix, name: string): string {
  if (prefix === "") return name;
  return prefix.slice(0, -1) + name.slice(0, 1).toUpperCase() + name.slice(1);
}

function refuseContradictions({ prefix, flags }: Side): void {
  const pairs: readonly (readonly [SideFlag, SideFlag])[] = [
    ["creds", "username"],
    ["creds", "password"],
    ["noCreds", "creds"],
    ["noCreds", "username"],
    ["noCreds", "password"],
    ["compress", "decompress"],
    ["compressFormat", "decompress"],
    ["compressLevel", "decompress"],
    ["forceCompressFormat", "decompress"],
  ];
  const both = pairs.find(([one, other]) => flags[one] && flags[other]);
  if (both !== undefined) {
    const [one, other] = both.map((name) => writtenFlag(prefix, name));
    throw new UsageError(`${one} and ${other} contradict each other; use one of them`);
  }
  if ((flags.username === undefined) !== (flags.password === undefined)) {
    const [one, other] = [writtenFlag(prefix, "username"), writtenFlag(prefix, "password")];
    throw new UsageError(`${one} and ${other} are required together; use both`);
  }
}
