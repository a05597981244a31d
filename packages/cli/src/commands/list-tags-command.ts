import { Command } from "commander";

import { addRetryFlags } from "../flags/retry-flags.ts";
import { addSideFlags } from "../flags/side-flags.ts";
import type { ListTagsFlags } from "./list-tags.ts";

export function listTagsCommand(signal: AbortSignal): Command {
  const command = new Command("list-tags")
    .description("List the tags of a repository, or the images in an archive or a layout, as JSON")
    .argument("<location>", "the repository, without a tag or digest, or the file or folder");
  addRetryFlags(command);
  addSideFlags(command, "", "Connection:");
  return command
    .addHelpText("after", examples)
    .action(async (location: string, _: ListTagsFlags, self: Command) => {
      const { listTags } = await import("./list-tags.ts");
      await listTags(location, self.optsWithGlobals<ListTagsFlags>(), signal);
    });
}

const examples = `
Examples:
  drayage list-tags docker://alpine
  drayage list-tags --creds me:secret docker://registry.example.com/team/app
  drayage list-tags docker-archive:images.tar
`;
