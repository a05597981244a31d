import { Command } from "commander";

import { addRetryFlags } from "../flags/retry-flags.ts";
import { addSideFlags } from "../flags/side-flags.ts";
import type { ListRepositoriesFlags } from "./list-repositories.ts";

export function listRepositoriesCommand(signal: AbortSignal): Command {
  const command = new Command("list-repositories")
    .description("List the repositories of a registry, as JSON")
    .argument("<registry>", "the registry, as docker://HOST");
  addRetryFlags(command);
  addSideFlags(command, "", "Connection:");
  return command
    .addHelpText("after", examples)
    .action(async (registry: string, _: ListRepositoriesFlags, self: Command) => {
      const { listRepositories } = await import("./list-repositories.ts");
      await listRepositories(registry, self.optsWithGlobals<ListRepositoriesFlags>(), signal);
    });
}

const examples = `
Not every registry lists its repositories. docker.io does not.

Examples:
  drayage list-repositories docker://registry.example.com
  drayage list-repositories --creds me:secret docker://registry.example.com:5000
`;
