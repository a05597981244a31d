import { Command } from "commander";

import type { GlobalFlags } from "./global-flags.ts";
import { addRetryFlags } from "./retry-flags.ts";
import type { RetryFlags } from "./retry-flags.ts";
import { addSideFlags } from "./side-flags.ts";

export interface DeleteFlags extends GlobalFlags, RetryFlags {}

export function deleteCommand(signal: AbortSignal): Command {
  const command = new Command("delete")
    .description("Delete an image from where it is kept")
    .argument("<image>", "the image");
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
A registry that can deletes a tag alone. Others delete the image itself, and with it every tag that names it: those
are told before.

Examples:
  drayage delete docker://registry.example.com/alpine:old
  drayage delete oci:images:alpine
`;
