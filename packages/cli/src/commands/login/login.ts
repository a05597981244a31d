import { isImageError } from "@drayage/core";
import { checkCredentials, findCredentials, setCredentials } from "@drayage/transport-docker";
import type { DockerAuthConfig } from "@drayage/transport-docker";

import type { GlobalFlags } from "../../flags/global-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";
import { allowedTargets } from "../../images/allowed-targets.ts";
import { wordingOf } from "../../images/open-docker.ts";
import { readInput, logMessage, writeResult } from "../../process/standard-streams.ts";
import { compileParserOnce } from "../../process/v8-flags.ts";
import { version } from "../../process/version.ts";
import { authFileSettings } from "./auth-file-flags.ts";
import type { AuthFileFlags } from "./auth-file-flags.ts";
import { prompt, promptSecretly, isInteractive } from "./prompts.ts";

export interface LoginFlags extends GlobalFlags, AuthFileFlags {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: true;
  readonly getLogin?: true;
  readonly certDir?: string;
  readonly tlsVerify?: boolean;
  readonly verbose?: true;
}

/** `drayage login` */
export async function login(name: string, flags: LoginFlags, signal: AbortSignal): Promise<void> {
  refuseContradictions(flags);
  if (flags.getLogin) return printUser(name, flags, signal);
  compileParserOnce();
  const stored = flags.username === undefined ? await findStored(name, flags, signal) : undefined;
  if (stored !== undefined && (await isAccepted(name, stored, flags, signal))) {
    return writeResult(`Existing credentials are valid. Already logged in to ${name}\n`);
  }
  const credentials = await newCredentials(name, flags, stored, signal);
  await check(name, credentials, flags, signal);
  const location = await setCredentials(name, credentials, {
    ...(await authFileSettings(flags)),
    signal,
  });
  if (flags.verbose) await writeResult(`Used: ${location}\n`);
  await writeResult("Login Succeeded!\n");
}

function refuseContradictions({ username, password, passwordStdin }: LoginFlags): void {
  if (password !== undefined && passwordStdin) {
    throw new UsageError(
      "--password and --password-stdin contradict each other; use --password-stdin",
    );
  }
  if (passwordStdin && username === undefined) {
    throw new UsageError(
      "--password-stdin requires --username, because standard input contains only the password",
    );
  }
  if (username === "") throw new UsageError("--username is empty; pass a user name");
  if (password === undefined) return;
  logMessage(
    "drayage: other users can see a password on the command line; use --password-stdin to keep it secret",
  );
}

async function findStored(
  name: string,
  flags: LoginFlags,
  signal: AbortSignal,
): Promise<DockerAuthConfig | undefined> {
  const { compatAuthFile, ...keeping } = await authFileSettings(flags);
  return findCredentials(name, {
    ...keeping,
    ...(compatAuthFile !== undefined && { authFile: compatAuthFile }),
    signal,
  });
}

async function printUser(name: string, flags: LoginFlags, signal: AbortSignal): Promise<void> {
  const stored = await findStored(name, flags, signal);
  if (stored === undefined) throw new UsageError(`Not logged in to ${name}`);
  if ("username" in stored) return writeResult(`${stored.username}\n`);
  throw new UsageError(`Logged in to ${name} with a token, which has no user name`);
}

/** Stored credentials are checked only if no password was passed. */
async function isAccepted(
  name: string,
  stored: DockerAuthConfig,
  flags: LoginFlags,
  signal: AbortSignal,
): Promise<boolean> {
  if (flags.password !== undefined) return false;
  try {
    await check(name, stored, flags, signal);
    return true;
  } catch (error) {
    if (!isImageError(error, "denied")) throw error;
    logMessage(`drayage: ${name} no longer accepts the stored credentials`);
    return false;
  }
}

async function newCredentials(
  name: string,
  flags: LoginFlags,
  stored: DockerAuthConfig | undefined,
  signal: AbortSignal,
): Promise<DockerAuthConfig> {
  const defaultName = stored !== undefined && "username" in stored ? stored.username : undefined;
  const username = flags.username ?? (await promptUser(defaultName, signal));
  const password = await passwordFor(flags, signal);
  if (username !== "" && password !== "") return { username, password };
  throw new UsageError(
    `Logging in to ${name} requires a user name and a password; one of them is empty`,
  );
}

async function promptUser(defaultName: string | undefined, signal: AbortSignal): Promise<string> {
  requireTerminal("--username and --password-stdin");
  const input = await prompt(
    `Username${defaultName === undefined ? "" : ` (${defaultName})`}: `,
    signal,
  );
  return input.trim() || (defaultName ?? "");
}

async function passwordFor(
  { password, passwordStdin }: LoginFlags,
  signal: AbortSignal,
): Promise<string> {
  if (password !== undefined) return password;
  if (!passwordStdin) {
    requireTerminal("--password-stdin");
    return promptSecretly("Password: ", signal);
  }
  return (await readInput(signal)).replace(/\r?\n$/, "");
}

function requireTerminal(flags: string): void {
  if (isInteractive()) return;
  throw new UsageError(`Cannot prompt without a terminal; pass ${flags}`);
}

async function check(
  name: string,
  credentials: DockerAuthConfig,
  { tlsVerify, certDir, registriesConf }: LoginFlags,
  signal: AbortSignal,
): Promise<void> {
  const settings = {
    userAgent: `drayage/${version}`,
    ...(tlsVerify !== undefined && { insecure: !tlsVerify }),
    ...(certDir !== undefined && { certDir }),
    registriesConf,
    ...allowedTargets(),
    wording: wordingOf("--tls-verify"),
  };
  await checkCredentials(name, credentials, settings, { signal });
}
