import type { Platform } from "@drayage/core";
import type { Command } from "commander";

import { listed, listedByCommas } from "./flag-values.ts";
import { separate } from "./separate-flag.ts";
import { sideFlagTable } from "./side-flag-table.ts";
import type { SideFlag, SideFlags } from "./side-flag-table.ts";
import { UsageError } from "./usage-error.ts";
import { parseTruth } from "./written-flags.ts";

/** What stands before the names of the flags: a copy has two sides, other commands one. */
export type SidePrefix = "" | "src-" | "dest-";

/** One side of a command. */
export interface Side {
  readonly prefix: SidePrefix;
  readonly flags: SideFlags;
  /** Where credentials are kept, where the user said so of this side or of both. */
  readonly authFile?: string | undefined;
  /** The file that says where registries are, where the user named one. */
  readonly registriesConf?: string | undefined;
  /** The folder that says where signatures are, where the user named one. */
  readonly registriesDir?: string | undefined;
  /** What images are chosen for; what is made here is made for it. */
  readonly platform?: Platform | undefined;
  /** Whether what is learnt on the way may be kept for later runs. */
  readonly isCached: boolean;
  /** The most blobs at once, where the user said so. */
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
    if (option.optional) option.argParser((text) => parseTruth(option.long ?? flag, text));
    command.addOption(option);
  }
}

/** The flags of one side out of all options of a command. */
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

/** `--dest-creds`, as the user wrote it. */
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
  ];
  const both = pairs.find(([one, other]) => flags[one] && flags[other]);
  if (both !== undefined) {
    const [one, other] = both.map((name) => writtenFlag(prefix, name));
    throw new UsageError(`${one} and ${other} contradict each other; give one of them`);
  }
  if ((flags.username === undefined) !== (flags.password === undefined)) {
    const [one, other] = [writtenFlag(prefix, "username"), writtenFlag(prefix, "password")];
    throw new UsageError(`${one} and ${other} belong together; give both`);
  }
}
