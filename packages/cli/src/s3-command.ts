import { Command } from "commander";

import { parseDuration } from "./flag-values.ts";
import type { GlobalFlags } from "./global-flags.ts";
import { addRetryFlags } from "./retry-flags.ts";
import type { RetryFlags } from "./retry-flags.ts";
import { addSideFlags } from "./side-flags.ts";

export interface CollectFlags extends GlobalFlags, RetryFlags {
  readonly delete?: true;
  /** Milliseconds. */
  readonly grace?: number;
}

export function s3Command(signal: AbortSignal): Command {
  const collect = new Command("gc")
    .description("Tell which blobs of a layout no image needs, and delete them")
    .argument("<place>", "the bucket and the prefix")
    .option("--delete", "delete them, rather than tell of them alone")
    .option("--grace <duration>", "let stay what is younger than this: 24h", parseDuration);
  addRetryFlags(collect);
  addSideFlags(collect, "", "How to reach it:");
  collect
    .addHelpText("after", examples)
    .action(async (place: string, _: CollectFlags, self: Command) => {
      const { collectGarbage } = await import("./s3-gc.ts");
      await collectGarbage(place, self.optsWithGlobals<CollectFlags>(), signal);
    });
  const group = new Command("s3").description("Look after images in buckets");
  return group.addCommand(collect);
}

const examples = `
Uploads in parts that nobody went on with are given up as well. Safe beside running copies.

Examples:
  drayage s3 gc s3://my-images/alpine
  drayage s3 gc --delete --grace 72h s3://my-images/alpine
`;
