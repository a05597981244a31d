import { Command } from "commander";

import { addRetryFlags } from "../../flags/retry-flags.ts";
import { separate } from "../../flags/separate-flag.ts";
import { addSideFlags } from "../../flags/side-flags.ts";
import type { InspectFlags } from "./inspect-flags.ts";

export function inspectCommand(signal: AbortSignal): Command {
  const command = new Command("inspect")
    .description("Print what an image consists of, as JSON")
    .argument("<image>", "the image")
    .optionsGroup("Output:")
    .option("--raw", "print the manifest, or with --config the config, unchanged")
    .option("--config", "print the image config instead of a summary")
    .addOption(separate("-n, --no-tags", "do not list the tags of the repository"))
    .option("-f, --format <template>", 'print parts of the output, such as "{{.Digest}}"')
    .option("--platform <os/arch>", "the image for this platform, if there are several");
  addRetryFlags(command);
  addSideFlags(command, "", "Connection:");
  return command
    .addHelpText("after", examples)
    .action(async (image: string, _: InspectFlags, self: Command) => {
      const { inspect } = await import("./inspect.ts");
      await inspect(image, self.optsWithGlobals<InspectFlags>(), signal);
    });
}

const examples = `
Examples:
  drayage inspect docker://alpine
  drayage inspect --no-tags --format "{{.Name}} {{.Digest}}" docker://alpine
  drayage inspect --config --platform linux/arm64 oci:images:alpine
`;
