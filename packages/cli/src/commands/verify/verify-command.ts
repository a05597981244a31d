import { Command, Option } from "commander";

import { listedByCommas } from "../../flags/flag-values.ts";
import { addRetryFlags } from "../../flags/retry-flags.ts";
import { addSideFlags } from "../../flags/side-flags.ts";
import type { VerifyFlags } from "./verify-flags.ts";

export function verifyCommand(signal: AbortSignal): Command {
  const command = new Command("verify")
    .description("Prove that all of an image is there, and is what its digests say")
    .argument("<image>", "the image, or a place with several: without a tag all of them")
    .optionsGroup("What to verify:")
    .option(
      "--platform <os/arch>",
      "of an index only the image for this platform, or several",
      listedByCommas,
    )
    .option("--referrers", "also what refers to it: signatures, SBOMs, attestations")
    .option("--read", "read also those blobs whose digests the storage has computed")
    .optionsGroup("How:")
    .option("--json", "print the report as JSON")
    .option("-q, --quiet", "say nothing unless something is wrong")
    .addOption(
      new Option("--progress <kind>", "how to show what happens; json: events on standard output")
        .choices(["auto", "bar", "plain", "json", "none"])
        .default("auto"),
    );
  addRetryFlags(command);
  addSideFlags(command, "", "How to reach it:");
  return command
    .addHelpText("after", examples)
    .action(async (image: string, _: VerifyFlags, self: Command) => {
      const { verify } = await import("./verify.ts");
      await verify(image, self.optsWithGlobals<VerifyFlags>(), signal);
    });
}

const examples = `
Every manifest is read; every config and layer, once, unless the storage tells the
digest that it computed when it stored it, as S3 does. All that is wrong is told:
what is missing, too short or too long, or has other bytes; then the exit code is 1.

Examples:
  drayage verify docker://registry.example.com/alpine:3.20
  drayage verify --platform linux/amd64 oci:images:alpine
  drayage verify --read --json s3://my-images/alpine
`;
