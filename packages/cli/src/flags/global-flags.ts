import { Option } from "commander";
import type { Command } from "commander";

import { parseDuration } from "./flag-values.ts";
import type { PolicyFlags } from "./policy-flags.ts";

/** Flags of all commands. They may precede or follow the name of the command. */
export interface GlobalFlags extends PolicyFlags {
  readonly debug?: true;
  /** Milliseconds. */
  readonly commandTimeout?: number;
  readonly overrideOs?: string;
  readonly overrideArch?: string;
  readonly overrideVariant?: string;
  readonly registriesConf?: string;
  readonly "registries.d"?: string;
}

export function addGlobalFlags(program: Command): void {
  program
    .option("--debug", "print the stack traces of errors")
    .option("--command-timeout <duration>", "stop after a time such as 30s or 1h", parseDuration)
    .option("--policy <file>", "the policy file, instead of the default")
    .option("--insecure-policy", "copy without checking a policy file")
    .option("--require-policy", "fail if there is no policy file")
    .option("--override-os <os>", "select images for this operating system instead of linux")
    .option("--override-arch <architecture>", "select images for this architecture, such as arm64")
    .option("--override-variant <variant>", "select images for this variant, such as v7")
    .option("--registries.d <folder>", "the folder that configures where signatures are stored")
    .addOption(
      new Option(
        "--registries-conf <file>",
        "the registries.conf file, instead of the default",
      ).hideHelp(),
    );
}
