import { Command } from "commander";

import { addKeepingFlags } from "./auth-file-flags.ts";
import type { LogoutFlags } from "./logout.ts";

export function logoutCommand(signal: AbortSignal): Command {
  const command = new Command("logout")
    .description("Forget the credentials for a registry")
    .argument("[registry]", "the registry, or a namespace or repository in it")
    .option("-a, --all", "forget the credentials for all registries");
  addKeepingFlags(command);
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
