import { Command } from "commander";

import { copyCommand } from "./commands/copy/copy-command.ts";
import { deleteCommand } from "./commands/delete-command.ts";
import { inspectCommand } from "./commands/inspect/inspect-command.ts";
import { listRepositoriesCommand } from "./commands/list-repositories-command.ts";
import { listTagsCommand } from "./commands/list-tags-command.ts";
import { loginCommand } from "./commands/login/login-command.ts";
import { logoutCommand } from "./commands/login/logout-command.ts";
import { manifestDigestCommand } from "./commands/manifest-digest-command.ts";
import { applyCommand } from "./commands/plan/apply-command.ts";
import { planCommand } from "./commands/plan/plan-command.ts";
import { policyCommand } from "./commands/policy/policy-command.ts";
import { s3Command } from "./commands/s3-command.ts";
import { signingCommands } from "./commands/signing/signing-commands.ts";
import { verifyCommand } from "./commands/verify/verify-command.ts";
import { addGlobalFlags } from "./flags/global-flags.ts";
import type { GlobalFlags } from "./flags/global-flags.ts";
import { checkEnvironment } from "./flags/raw-arguments.ts";
import { variablesInUse } from "./flags/variables-in-use.ts";
import type { Interruption } from "./process/interruption.ts";
import { version } from "./process/version.ts";

/** The whole command line. The implementation of a command is loaded when it runs. */
export function newProgram(interruption: Interruption): Command {
  const { signal } = interruption;
  const program = new Command("drayage")
    .description("Copies, inspects, verifies and deletes container images.")
    .usage("[flags] <command>")
    .version(`drayage ${version}`, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", examples)
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  addGlobalFlags(program);
  for (const command of [
    copyCommand(signal),
    planCommand(signal),
    applyCommand(signal),
    inspectCommand(signal),
    verifyCommand(signal),
    deleteCommand(signal),
    listTagsCommand(signal),
    listRepositoriesCommand(signal),
    manifestDigestCommand(signal),
    policyCommand(signal),
    loginCommand(signal),
    logoutCommand(signal),
    s3Command(signal),
    ...signingCommands(signal),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const inner of command.commands) inner.copyInheritedSettings(command);
  }
  return program.hook("preAction", (_, action) => {
    checkEnvironment(variablesInUse(action));
    const { commandTimeout } = program.opts<GlobalFlags>();
    if (commandTimeout !== undefined) interruption.timeOutAfter(commandTimeout);
  });
}

const examples = `
An image is named by a transport, a colon and a reference:
  docker://HOST/NAME[:TAG|@DIGEST]   in a registry; docker://alpine is docker.io/library/alpine:latest
  oci:FOLDER[:TAG]                   in an OCI image layout
  s3://BUCKET/PREFIX[:TAG]           in an OCI image layout in a bucket
  s3://BUCKET/KEY.tar[:NAME:TAG]     in an archive in a bucket (read-only)
  dir:FOLDER                         in a folder
  docker-archive:FILE[:NAME:TAG]     in a file of docker save, for docker load
  oci-archive:FILE[:TAG]             in an OCI image layout in a tar file
  docker-daemon:NAME:TAG             in a Docker Engine or in Podman
  tarball:FILE[:FILE...]             built from root file systems in tar files (read-only)

Examples:
  drayage copy docker://alpine:3.20 oci:images:alpine
  drayage copy --all oci:images:alpine docker://registry.example.com/alpine:3.20
  drayage inspect docker://alpine
  drayage verify s3://my-images/alpine
`;
