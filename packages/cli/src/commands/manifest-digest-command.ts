import { Command } from "commander";

export function manifestDigestCommand(signal: AbortSignal): Command {
  return new Command("manifest-digest")
    .description("Compute the digest of a manifest file")
    .argument("<file>", "the manifest")
    .addHelpText("after", examples)
    .action(async (file: string) => {
      const { manifestDigest } = await import("./manifest-digest.ts");
      await manifestDigest(file, signal);
    });
}

const examples = `
Example:
  drayage inspect --raw docker://alpine > manifest.json && drayage manifest-digest manifest.json
`;
