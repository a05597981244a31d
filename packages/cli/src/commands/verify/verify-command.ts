import { Command, Option } from "commander";

import { listedByCommas } from "../../flags/flag-values.ts";
import { addRetryFlags } from "../../flags/retry-flags.ts";
import { addSideFlags } from "../../flags/side-flags.ts";
import type { VerifyFlags } from "./verify-flags.ts";

export function verifyCommand(signal: AbortSignal): Command {
  const command = new Command("verify")
    .description("Verify that an image is complete and matches its digests")
    .argument("<image>", "the image, or a location with several: all of them without a tag")
    .optionsGroup("What to verify:")
    .option(
      "--platform <os/arch>",
      "only the image for this platform, or for several",
      listedByCommas,
    )
    .option("--referrers", "also verify referrers: signatures, SBOMs, attestations")
    .option("--read", "also read blobs whose digests the storage has computed")
    .optionsGroup("How:")
    .option("--json", "print the report as JSON")
    .option("-q, --quiet", "print only problems")
    .addOption(
      new Option("--progress <kind>", "how to report progress; json: events on standard output")
        .choices(["auto", "bar", "plain", "json", "none"])
        .default("auto"),
    );
  addRetryFlags(command);
  addSideFlags(command, "", "Connection:");
  return command
    .addHelpText("after", examples)
    .action(async (image: string, _: VerifyFlags, self: Command) => {
      const { verify } = await import("./verify.ts");
      await verify(image, self.optsWithGlobals<VerifyFlags>(), signal);
    });
}

const examples = `
Reads every manifest, and every config and layer once, unless the storage returns a
digest that it computed during the upload, as S3 does. Reports all problems: blobs that
are missing, have the wrong size or other bytes. The exit code is then 1.

Examples:
  drayage verify docker://registry.example.com/alpine:3.20
  drayage verify --platform linux/amd64 oci:images:alpine
  drayage verify --read --json s3://my-images/alpine
`;
