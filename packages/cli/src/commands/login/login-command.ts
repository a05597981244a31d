import { Command } from "commander";

import { parseTruth } from "../../flags/written-flags.ts";
import { addKeepingFlags } from "./auth-file-flags.ts";
import type { LoginFlags } from "./login.ts";

export function loginCommand(signal: AbortSignal): Command {
  const command = new Command("login")
    .description("Log in to a registry, and keep the credentials for later")
    .argument("<registry>", "the registry, or a namespace or repository in it")
    .option("-u, --username <name>", "log in as this user")
    .option("-p, --password <password>", "the password; others can see it here")
    .option("--password-stdin", "read the password from standard input")
    .option("--get-login", "say as whom one is logged in, and do nothing else")
    .option("-v, --verbose", "say where the credentials are kept");
  addKeepingFlags(command);
  return command
    .option("--cert-dir <folder>", "authorities *.crt, and our *.cert with *.key")
    .option("--tls-verify [bool]", "=false to allow plain HTTP and any certificate", (text) =>
      parseTruth("--tls-verify", text),
    )
    .addHelpText("after", examples)
    .action(async (registry: string, _: LoginFlags, self: Command) => {
      const { login } = await import("./login.ts");
      await login(registry, self.optsWithGlobals<LoginFlags>(), signal);
    });
}

const examples = `
The registry is asked whether it takes the credentials before they are kept.

Examples:
  drayage login registry.example.com
  drayage login --username me --password-stdin registry.example.com < password
  drayage login --username me registry.example.com/team
`;
