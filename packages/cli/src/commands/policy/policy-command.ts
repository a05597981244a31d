import { Command } from "commander";

import { addRetryFlags } from "../../flags/retry-flags.ts";
import { addSideFlags } from "../../flags/side-flags.ts";
import type { PolicyCheckFlags } from "./policy-check.ts";

export function policyCommand(signal: AbortSignal): Command {
  const group = new Command("policy").description("Check images against a policy, and policies");
  return group.addCommand(checkCommand(signal)).addCommand(lintCommand(signal));
}

function checkCommand(signal: AbortSignal): Command {
  const check = new Command("check")
    .description("Explain whether a policy accepts an image")
    .argument("<image>", "the image")
    .option("--json", "print the decision as JSON");
  addRetryFlags(check);
  addSideFlags(check, "", "Connection:");
  return check
    .addHelpText("after", checkExamples)
    .action(async (image: string, _: PolicyCheckFlags, self: Command) => {
      const { checkPolicy } = await import("./policy-check.ts");
      await checkPolicy(image, self.optsWithGlobals<PolicyCheckFlags>(), signal);
    });
}

function lintCommand(signal: AbortSignal): Command {
  return new Command("lint")
    .description("Check that a policy file is valid")
    .argument("<file>", "the policy file")
    .addHelpText("after", lintExamples)
    .action(async (file: string) => {
      const { lintPolicy } = await import("./policy-lint.ts");
      await lintPolicy(file, signal);
    });
}

const checkExamples = `
Prints the scope of the policy that applies to the image, each of its requirements, and
whether the image meets it. Of an index, each image is checked. The exit code is 1 if the
policy rejects one. Reads manifests and signatures, but no layers.

Examples:
  drayage policy check docker://registry.example.com/team/app:1.0
  drayage policy check --policy policy.json --json dir:image
`;

const lintExamples = `
Reports the first mistake with its location in the file: unknown fields, duplicate keys,
missing keys, and scopes that can never match. The exit code is 1 if there is one.

Example:
  drayage policy lint /etc/containers/policy.json
`;
