import { Command, Option } from "commander";

import { listedByCommas, parseBound, parseSize } from "../../flags/flag-values.ts";
import { addRetryFlags } from "../../flags/retry-flags.ts";
import { addSideFlags } from "../../flags/side-flags.ts";
import type { CopyFlags } from "./copy-flags.ts";

export function copyCommand(signal: AbortSignal): Command {
  const command = new Command("copy")
    .description("Copy an image, or an index with its images, from one place to another")
    .argument("<source>", "the image to copy")
    .argument("<destination>", "where to and under which name")
    .optionsGroup("Which images:")
    .option("-a, --all", "the index and every image in it")
    .option("--multi-arch <which>", "system, all, or a list such as linux/amd64,linux/arm64")
    .option(
      "--platform <os/arch>",
      "the image for this platform; several: an index of them",
      listedByCommas,
    )
    .optionsGroup("What becomes of them:")
    .option("--preserve-digests", "fail rather than change any manifest")
    .option("-f, --format <type>", "the manifests' type at the destination: oci or v2s2")
    .option("--remove-signatures", "leave signatures behind")
    .option("--referrers", "also what refers to them: signatures, SBOMs, attestations")
    .option(
      "--referrer-type <type>",
      "of what refers to them only this type, or several",
      listedByCommas,
    )
    .optionsGroup("How:")
    .option(
      "--repair",
      "look for every blob there, even where the image is, and bring those missing",
    )
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--json", "with --dry-run: as JSON")
    .option("--digestfile <file>", "write the digest of the copy into this file")
    .option("--image-parallel-copies <n>", "at most so many blobs at once", parseBound)
    .option("--max-layer-size <size>", "the most that a layer may decompress to", parseSize)
    .option("--authfile <file>", "look up the credentials of both sides in this file")
    .option("--no-cache", "neither use nor keep what copies learnt of layers and uploads")
    .option("-q, --quiet", "say nothing but errors")
    .addOption(
      new Option("--progress <kind>", "how to show what happens; json: events on standard output")
        .choices(["auto", "bar", "plain", "json", "none"])
        .default("auto"),
    );
  addRetryFlags(command);
  addSideFlags(command, "src-", "The source:");
  addSideFlags(command, "dest-", "The destination:");
  return command
    .addHelpText("after", examples)
    .action(async (source: string, destination: string, _: CopyFlags, self: Command) => {
      const { copy } = await import("./copy.ts");
      await copy(source, destination, self.optsWithGlobals<CopyFlags>(), signal);
    });
}

const examples = `
Examples:
  drayage copy docker://alpine:3.20 dir:alpine
  drayage copy --platform linux/amd64 --platform linux/arm64 docker://alpine oci:images:alpine
  drayage copy --all --dest-creds me:secret oci:images:alpine docker://registry.example.com/alpine
`;
