import { Command } from "commander";

import type { GlobalFlags } from "./global-flags.ts";
import { addRetryFlags } from "./retry-flags.ts";
import type { RetryFlags } from "./retry-flags.ts";
import { addSideFlags } from "./side-flags.ts";

export interface ListTagsFlags extends GlobalFlags, RetryFlags {}

export function listTagsCommand(signal: AbortSignal): Command {
  const command = new Command("list-tags")
    .description("List the tags of a repository, as JSON")
    .argument("<repository>", "the repository, with neither tag nor digest");
  addRetryFlags(command);
  addSideFlags(command, "", "How to reach it:");
  return command
    .addHelpText("after", examples)
    .action(async (repository: string, _: ListTagsFlags, self: Command) => {
      const { listTags } = await import("./list-tags.ts");
      await listTags(repository, self.optsWithGlobals<ListTagsFlags>(), signal);
    });
}

const examples = `
Examples:
  drayage list-tags docker://alpine
  drayage list-tags --creds me:secret docker://registry.example.com/team/app
`;
