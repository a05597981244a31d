import { Command } from "commander";

import { copyCommand } from "../copy/copy-command.ts";
import type { PlanFlags } from "./plan.ts";

/** Flags of copies that only concern the execution. */
const excluded: ReadonlySet<string> = new Set([
  "--dry-run",
  "--json",
  "--digestfile",
  "--progress",
  "--max-layer-size",
]);

export function planCommand(signal: AbortSignal): Command {
  const command = new Command("plan")
    .description("Print what a copy would do, for people or for drayage apply")
    .argument("<source>", "the image to copy")
    .argument("<destination>", "the location and name of the copy")
    .optionsGroup("Output:")
    .option("--json", "print the plan as JSON for drayage apply")
    .option("--prices <file>", "estimate the cost with the prices in this JSON file");
  for (const option of copyCommand(signal).options)
    if (!excluded.has(option.long ?? "")) command.addOption(option);
  return command
    .addHelpText("after", examples)
    .action(async (source: string, destination: string, _: PlanFlags, self: Command) => {
      const { plan } = await import("./plan.ts");
      await plan(source, destination, self.optsWithGlobals<PlanFlags>(), signal);
    });
}

const examples = `
Examples:
  drayage plan --all docker://alpine:3.20 s3://my-images/alpine:3.20
  drayage plan --prices prices.json oci:images:alpine s3://my-images/alpine
  drayage plan --json docker://alpine:3.20 oci:images:alpine > plan.json
  drayage apply plan.json
`;
