import { Command } from "commander";

import { addRetryFlags } from "../../flags/retry-flags.ts";
import { separate } from "../../flags/separate-flag.ts";
import { addSideFlags } from "../../flags/side-flags.ts";
import type { InspectFlags } from "./inspect-flags.ts";

export function inspectCommand(signal: AbortSignal): Command {
  const command = new Command("inspect")
    .description("Tell what an image is made of, as JSON")
    .argument("<image>", "the image")
    .optionsGroup("What to tell:")
    .option("--raw", "the manifest, or with --config the config, byte for byte")
    .option("--config", "the image's config instead of a summary")
    .addOption(separate("-n, --no-tags", "do not ask the registry for the tags beside it"))
    .option("-f, --format <template>", 'only some of it, such as "{{.Digest}}"')
    .option("--platform <os/arch>", "the image for this platform, where there are several");
  addRetryFlags(command);
  addSideFlags(command, "", "How to reach it:");
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
