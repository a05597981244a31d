import { Command } from "commander";

import { addAuthFileFlags } from "./auth-file-flags.ts";
import type { LogoutFlags } from "./logout.ts";

export function logoutCommand(signal: AbortSignal): Command {
  const command = new Command("logout")
    .description("Remove the credentials of a registry")
    .argument("[registry]", "the registry, or a namespace or repository in it")
    .option("-a, --all", "remove the credentials of all registries");
  addAuthFileFlags(command);
  return command
    .addHelpText("after", examples)
    .action(async (registry: string | undefined, _: LogoutFlags, self: Command) => {
      const { logout } = await import("./logout.ts");
      await logout(registry, self.optsWithGlobals<LogoutFlags>(), signal);
    });
}

const examples = `
Examples:
  drayage logout registry.example.com
  drayage logout --all
`;
