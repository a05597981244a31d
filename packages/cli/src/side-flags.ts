import type { Command } from "commander";

import { parseBound, parseSize } from "./flag-values.ts";
import { separate } from "./separate-flag.ts";
import { UsageError } from "./usage-error.ts";
import { parseTruth } from "./written-flags.ts";

/** How to reach one image, as the flags say. */
export interface SideFlags {
  readonly creds?: string;
  readonly username?: string;
  readonly password?: string;
  readonly noCreds?: true;
  readonly registryToken?: string;
  readonly authfile?: string;
  readonly tlsVerify?: boolean;
  readonly certDir?: string;
  readonly sharedBlobDir?: string;
  readonly compress?: true;
  readonly decompress?: true;
  readonly parallelRanges?: number;
  /** Bytes. */
  readonly chunkSize?: number;
}

export type SideFlag = keyof SideFlags;

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
  /** The most blobs at once, where the user said so. */
  readonly parallelBlobs?: number | undefined;
}

interface WrittenFlag {
  readonly flag: string;
  readonly help: string;
  readonly parse?: (text: string) => unknown;
}

const written: Readonly<Record<SideFlag, WrittenFlag>> = {
  creds: { flag: "creds <user:password>", help: "log in to the registry as this user" },
  username: { flag: "username <name>", help: "log in to the registry as this user" },
  password: { flag: "password <password>", help: "the password of the user" },
  noCreds: { flag: "no-creds", help: "do not log in to the registry" },
  registryToken: { flag: "registry-token <token>", help: "show the registry this bearer token" },
  authfile: { flag: "authfile <file>", help: "look up credentials in this file" },
  tlsVerify: { flag: "tls-verify [bool]", help: "=false to allow plain HTTP and any certificate" },
  certDir: { flag: "cert-dir <folder>", help: "authorities *.crt, and our *.cert with *.key" },
  sharedBlobDir: { flag: "shared-blob-dir <folder>", help: "where OCI layouts share their blobs" },
  compress: { flag: "compress", help: "pack layers that are not packed" },
  decompress: { flag: "decompress", help: "unpack layers" },
  parallelRanges: {
    flag: "parallel-ranges <n>",
    help: "read a large blob in so many ranges at once",
    parse: parseBound,
  },
  chunkSize: {
    flag: "chunk-size <size>",
    help: "send at most so much of a blob at once: 64MiB",
    parse: parseSize,
  },
};

const onlyOfSources: readonly SideFlag[] = ["parallelRanges"];
const onlyOfDestinations: readonly SideFlag[] = ["compress", "decompress", "chunkSize"];

export function addSideFlags(command: Command, prefix: SidePrefix, heading: string): void {
  command.optionsGroup(heading);
  for (const [name, { flag, help, parse }] of Object.entries(written)) {
    if (prefix !== "src-" && onlyOfSources.includes(name as SideFlag)) continue;
    if (prefix !== "dest-" && onlyOfDestinations.includes(name as SideFlag)) continue;
    const option = separate(`--${prefix}${flag}`, help);
    if (parse !== undefined) option.argParser(parse);
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
  const entries = Object.keys(written).flatMap((name) => {
    const value = options[optionName(prefix, name)];
    return value === undefined ? [] : [[name, value] as const];
  });
  const flags = Object.fromEntries(entries) as SideFlags;
  const authFile = flags.authfile ?? (options["authfile"] as string | undefined);
  const registriesConf = options["registriesConf"] as string | undefined;
  const side = { prefix, flags, authFile, registriesConf, parallelBlobs };
  refuseContradictions(side);
  return side;
}

/** `--dest-creds`, as the user wrote it. */
export function writtenFlag(prefix: SidePrefix, name: SideFlag): string {
  return `--${prefix}${written[name].flag.replace(/ .*/, "")}`;
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
