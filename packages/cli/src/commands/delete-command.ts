import { Command } from "commander";

import { addRetryFlags } from "../flags/retry-flags.ts";
import { addSideFlags } from "../flags/side-flags.ts";
import type { DeleteFlags } from "./delete.ts";

export function deleteCommand(signal: AbortSignal): Command {
  const command = new Command("delete")
    .description("Delete an image from where it is kept")
    .argument("<image>", "the image")
    .option(
      "--all-tags",
      "delete its other tags too, where the registry cannot delete one tag alone",
    );
  addRetryFlags(command);
  addSideFlags(command, "", "How to reach it:");
  return command
    .addHelpText("after", examples)
    .action(async (image: string, _: DeleteFlags, self: Command) => {
      const { deleteImage } = await import("./delete.ts");
      await deleteImage(image, self.optsWithGlobals<DeleteFlags>(), signal);
    });
}

const examples = `
Some registries cannot delete a tag alone, but only the image itself with all its tags. If there are other tags, the
deletion fails and names them; --all-tags deletes them too.

Examples:
  drayage delete docker://registry.example.com/alpine:old
  drayage delete --all-tags docker://registry.example.com/alpine:old
  drayage delete oci:images:alpine
`;
