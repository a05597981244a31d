import { Command } from "commander";

import { copyCommand } from "../copy/copy-command.ts";
import type { CopyFlags } from "../copy/copy-flags.ts";

/** Flags of copies that a plan does not contain. */
const included: ReadonlySet<string> = new Set([
  "--encryption-key",
  "--encrypt-layer",
  "--decryption-key",
  "--digestfile",
  "--image-parallel-copies",
  "--max-layer-size",
  "--authfile",
  "--no-cache",
  "--quiet",
  "--progress",
  "--retry-times",
  "--retry-delay",
  "--additional-tag",
]);

/** Flags of the destination that a plan contains. */
const planned: ReadonlySet<string> = new Set([
  "--dest-compress-format",
  "--dest-compress-level",
  "--dest-force-compress-format",
  "--dest-zstd-frames",
]);

export function applyCommand(signal: AbortSignal): Command {
  const command = new Command("apply")
    .description("Apply a plan of drayage plan --json, unless an image has changed since")
    .argument("<plan>", "the file of the plan");
  for (const option of copyCommand(signal).options)
    if (isIncluded(option.long ?? "")) command.addOption(option);
  return command
    .addHelpText("after", examples)
    .action(async (file: string, _: CopyFlags, self: Command) => {
      const { apply } = await import("./apply.ts");
      await apply(file, self.optsWithGlobals<CopyFlags>(), signal);
    });
}

function isIncluded(flag: string): boolean {
  const isOfSide = flag.startsWith("--src-") || flag.startsWith("--dest-");
  return included.has(flag) || (isOfSide && !planned.has(flag));
}

const examples = `
The plan is made again first. If the source, the destination or a step differs, nothing is
written, and the difference is printed. Credentials, keys and the flags of both sides are
not in the plan; pass them again.

Examples:
  drayage plan --json docker://alpine:3.20 oci:images:alpine > plan.json
  drayage apply plan.json
  drayage apply --dest-creds me:secret plan.json
`;
