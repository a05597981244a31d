import { Command } from "commander";

import { parseDuration } from "../flags/flag-values.ts";
import { addRetryFlags } from "../flags/retry-flags.ts";
import { addSideFlags } from "../flags/side-flags.ts";
import type { CollectFlags } from "./s3-gc.ts";
import type { PresignFlags } from "./s3-presign.ts";

export function s3Command(signal: AbortSignal): Command {
  const group = new Command("s3").description("Maintain images in buckets");
  return group.addCommand(collectCommand(signal)).addCommand(presignCommand(signal));
}

function collectCommand(signal: AbortSignal): Command {
  const collect = new Command("gc")
    .description("List the blobs of a layout that no image references, and delete them")
    .argument("<location>", "the bucket and prefix")
    .option("--delete", "delete them instead of only listing them")
    .option("--grace <duration>", "keep objects younger than this: 24h", parseDuration);
  addRetryFlags(collect);
  addSideFlags(collect, "", "Connection:");
  return collect
    .addHelpText("after", collectExamples)
    .action(async (location: string, _: CollectFlags, self: Command) => {
      const { collectGarbage } = await import("./s3-gc.ts");
      await collectGarbage(location, self.optsWithGlobals<CollectFlags>(), signal);
    });
}

function presignCommand(signal: AbortSignal): Command {
  const presign = new Command("presign")
    .description("Print temporary URLs that give read access to an image")
    .argument("<image>", "the image in a bucket")
    .option(
      "--expires-in <duration>",
      "lifetime of the URLs: 1h, at most 168h (default: 1h)",
      parseDuration,
    )
    .option("--platform <os/arch>", "only the image for this platform, if there are several");
  addRetryFlags(presign);
  addSideFlags(presign, "", "Connection:");
  return presign
    .addHelpText("after", presignExamples)
    .action(async (image: string, _: PresignFlags, self: Command) => {
      const { presignImage } = await import("./s3-presign.ts");
      await presignImage(image, self.optsWithGlobals<PresignFlags>(), signal);
    });
}

const collectExamples = `
Abandoned multipart uploads are aborted too. Safe to run during copies.

Examples:
  drayage s3 gc s3://my-images/alpine
  drayage s3 gc --delete --grace 72h s3://my-images/alpine
`;

const presignExamples = `
Prints a URL for each manifest, config and layer, as JSON, for curl or any other client.
The URLs need no credentials. URLs signed with temporary credentials expire with them.

Examples:
  drayage s3 presign s3://my-images/alpine:3.20
  drayage s3 presign --expires-in 24h --platform linux/amd64 s3://my-images/alpine:3.20
`;
