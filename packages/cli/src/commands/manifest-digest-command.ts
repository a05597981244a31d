import type { DigestAlgorithm } from "@drayage/core";
import { Command } from "commander";

import { parseDigestAlgorithm } from "../flags/digest-algorithm.ts";

export function manifestDigestCommand(signal: AbortSignal): Command {
  return new Command("manifest-digest")
    .description("Compute the digest of a manifest file")
    .argument("<file>", "the manifest")
    .option(
      "--digest-algorithm <name>",
      "sha256 (the default), sha384 or sha512",
      parseDigestAlgorithm,
    )
    .addHelpText("after", examples)
    .action(async (file: string, flags: { readonly digestAlgorithm?: DigestAlgorithm }) => {
      const { manifestDigest } = await import("./manifest-digest.ts");
      await manifestDigest(file, flags, signal);
    });
}

const examples = `
Example:
  drayage inspect --raw docker://alpine > manifest.json && drayage manifest-digest manifest.json
`;
