import { Option } from "commander";
import type { Command } from "commander";

import type { PolicyFlags } from "../images/policy-file.ts";
import { parseDuration } from "./flag-values.ts";

/** The flags of all commands, before or after the command's name. */
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
    .option("--debug", "tell where an error came from")
    .option("--command-timeout <duration>", "give up after a time such as 30s or 1h", parseDuration)
    .option("--policy <file>", "the policy file to use instead of the usual one")
    .option("--insecure-policy", "copy whatever a policy file says")
    .option("--require-policy", "refuse to copy where there is no policy file")
    .option("--override-os <os>", "choose images for this system instead of linux")
    .option("--override-arch <architecture>", "choose images for this processor, such as arm64")
    .option("--override-variant <variant>", "choose images for this variant, such as v7")
    .option("--registries.d <folder>", "the folder that says where signatures are kept")
    .addOption(new Option("--registries-conf <file>", "instead of the usual one").hideHelp());
}
