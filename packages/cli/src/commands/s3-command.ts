import { Command } from "commander";

import { parseDuration } from "../flags/flag-values.ts";
import { addRetryFlags } from "../flags/retry-flags.ts";
import { addSideFlags } from "../flags/side-flags.ts";
import type { CollectFlags } from "./s3-gc.ts";
import type { PresignFlags } from "./s3-presign.ts";

export function s3Command(signal: AbortSignal): Command {
  const group = new Command("s3").description("Look after images in buckets");
  return group.addCommand(collectCommand(signal)).addCommand(presignCommand(signal));
}

function collectCommand(signal: AbortSignal): Command {
  const collect = new Command("gc")
    .description("Tell which blobs of a layout no image needs, and delete them")
    .argument("<place>", "the bucket and the prefix")
    .option("--delete", "delete them, rather than tell of them alone")
    .option("--grace <duration>", "let stay what is younger than this: 24h", parseDuration);
  addRetryFlags(collect);
  addSideFlags(collect, "", "How to reach it:");
  return collect
    .addHelpText("after", collectExamples)
    .action(async (place: string, _: CollectFlags, self: Command) => {
      const { collectGarbage } = await import("./s3-gc.ts");
      await collectGarbage(place, self.optsWithGlobals<CollectFlags>(), signal);
    });
}

function presignCommand(signal: AbortSignal): Command {
  const presign = new Command("presign")
    .description("Print URLs with which anybody can read an image for a while")
    .argument("<image>", "the image in a bucket")
    .option("--expires-in <duration>", "how long: 1h, at most 168h (default: 1h)", parseDuration)
    .option("--platform <os/arch>", "of an index only the image for this platform");
  addRetryFlags(presign);
  addSideFlags(presign, "", "How to reach it:");
  return presign
    .addHelpText("after", presignExamples)
    .action(async (image: string, _: PresignFlags, self: Command) => {
      const { presignImage } = await import("./s3-presign.ts");
      await presignImage(image, self.optsWithGlobals<PresignFlags>(), signal);
    });
}

const collectExamples = `
Uploads in parts that nobody went on with are given up as well. Safe beside running copies.

Examples:
  drayage s3 gc s3://my-images/alpine
  drayage s3 gc --delete --grace 72h s3://my-images/alpine
`;

const presignExamples = `
A URL for each manifest, config and layer, as JSON, for curl or any other client.
Who has the URLs needs no credentials; those of temporary credentials end with them.

Examples:
  drayage s3 presign s3://my-images/alpine:3.20
  drayage s3 presign --expires-in 24h --platform linux/amd64 s3://my-images/alpine:3.20
`;
