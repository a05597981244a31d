import { Command } from "commander";

import { addRetryFlags } from "../flags/retry-flags.ts";
import { addSideFlags } from "../flags/side-flags.ts";
import type { DeleteFlags } from "./delete.ts";

export function deleteCommand(signal: AbortSignal): Command {
  const command = new Command("delete")
    .description("Delete an image")
    .argument("<image>", "the image")
    .option("--all-tags", "also delete its other tags if the registry cannot delete a single tag");
  addRetryFlags(command);
  addSideFlags(command, "", "Connection:");
  return command
    .addHelpText("after", examples)
    .action(async (image: string, _: DeleteFlags, self: Command) => {
      const { deleteImage } = await import("./delete.ts");
      await deleteImage(image, self.optsWithGlobals<DeleteFlags>(), signal);
    });
}

const examples = `
Some registries cannot delete a single tag, but only the image with all its tags. If the image has other tags, the
deletion fails and lists them; --all-tags deletes them too.

Examples:
  drayage delete docker://registry.example.com/alpine:old
  drayage delete --all-tags docker://registry.example.com/alpine:old
  drayage delete oci:images:alpine
`;
