import { Command } from "commander";

import { parseBoolean } from "../../flags/normalized-arguments.ts";
import { addAuthFileFlags } from "./auth-file-flags.ts";
import type { LoginFlags } from "./login.ts";

export function loginCommand(signal: AbortSignal): Command {
  const command = new Command("login")
    .description("Log in to a registry and store the credentials")
    .argument("<registry>", "the registry, or a namespace or repository in it")
    .option("-u, --username <name>", "log in as this user")
    .option("-p, --password <password>", "the password; other users of this machine can see it")
    .option("--password-stdin", "read the password from standard input")
    .option("--get-login", "print the current user name and exit")
    .option("-v, --verbose", "print where the credentials are stored");
  addAuthFileFlags(command);
  return command
    .option("--cert-dir <folder>", "folder with CA *.crt, and client *.cert and *.key")
    .option("--tls-verify [bool]", "=false to allow plain HTTP and any certificate", (text) =>
      parseBoolean("--tls-verify", text),
    )
    .addHelpText("after", examples)
    .action(async (registry: string, _: LoginFlags, self: Command) => {
      const { login } = await import("./login.ts");
      await login(registry, self.optsWithGlobals<LoginFlags>(), signal);
    });
}

const examples = `
The credentials are checked with the registry before they are stored.

Examples:
  drayage login registry.example.com
  drayage login --username me --password-stdin registry.example.com < password
  drayage login --username me registry.example.com/team
`;
