import { isImageError } from "@drayage/core";
import { checkCredentials, findCredentials, setCredentials } from "@drayage/transport-docker";
import type { DockerAuthConfig } from "@drayage/transport-docker";

import type { GlobalFlags } from "../../flags/global-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";
import { allowedTargets } from "../../images/allowed-targets.ts";
import { wordingOf } from "../../images/open-docker.ts";
import { readInput, say, writeResult } from "../../process/standard-streams.ts";
import { compileParserOnce } from "../../process/v8-flags.ts";
import { version } from "../../process/version.ts";
import { keepingOf } from "./auth-file-flags.ts";
import type { KeepingFlags } from "./auth-file-flags.ts";
import { ask, askSecretly, isAnswered } from "./questions.ts";

export interface LoginFlags extends GlobalFlags, KeepingFlags {
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
  if (flags.getLogin) return tellUser(name, flags, signal);
  compileParserOnce();
  const known = flags.username === undefined ? await findKnown(name, flags, signal) : undefined;
  if (known !== undefined && (await isTaken(name, known, flags, signal))) {
    return writeResult(`Existing credentials are valid. Already logged in to ${name}\n`);
  }
  const credentials = await newCredentials(name, flags, known, signal);
  await check(name, credentials, flags, signal);
  const place = await setCredentials(name, credentials, { ...(await keepingOf(flags)), signal });
  if (flags.verbose) await writeResult(`Used: ${place}\n`);
  await writeResult("Login Succeeded!\n");
}

function refuseContradictions({ username, password, passwordStdin }: LoginFlags): void {
  if (password !== undefined && passwordStdin) {
    throw new UsageError("--password and --password-stdin contradict each other; give the second");
  }
  if (passwordStdin && username === undefined) {
    throw new UsageError("--password-stdin needs --username: standard input has the password only");
  }
  if (username === "") throw new UsageError("--username is empty");
  if (password === undefined) return;
  say("drayage: others can see a password on the command line; --password-stdin keeps it secret");
}

async function findKnown(
  name: string,
  flags: LoginFlags,
  signal: AbortSignal,
): Promise<DockerAuthConfig | undefined> {
  const { compatAuthFile, ...keeping } = await keepingOf(flags);
  return findCredentials(name, {
    ...keeping,
    ...(compatAuthFile !== undefined && { authFile: compatAuthFile }),
    signal,
  });
}

async function tellUser(name: string, flags: LoginFlags, signal: AbortSignal): Promise<void> {
  const known = await findKnown(name, flags, signal);
  if (known === undefined) throw new UsageError(`Not logged in to ${name}`);
  if ("username" in known) return writeResult(`${known.username}\n`);
  throw new UsageError(`Logged in to ${name} with a token, which has no user name`);
}

/** Only asked where nobody gave other ones. */
async function isTaken(
  name: string,
  known: DockerAuthConfig,
  flags: LoginFlags,
  signal: AbortSignal,
): Promise<boolean> {
  if (flags.password !== undefined) return false;
  try {
    await check(name, known, flags, signal);
    return true;
  } catch (error) {
    if (!isImageError(error, "denied")) throw error;
    say(`drayage: ${name} does not take the credentials any more that are kept for it`);
    return false;
  }
}

async function newCredentials(
  name: string,
  flags: LoginFlags,
  known: DockerAuthConfig | undefined,
  signal: AbortSignal,
): Promise<DockerAuthConfig> {
  const usual = known !== undefined && "username" in known ? known.username : undefined;
  const username = flags.username ?? (await askUser(usual, signal));
  const password = await passwordFor(flags, signal);
  if (username !== "" && password !== "") return { username, password };
  throw new UsageError(`Log in to ${name} with a user name and a password; one of them is empty`);
}

async function askUser(usual: string | undefined, signal: AbortSignal): Promise<string> {
  refuseSilence("--username and --password-stdin");
  const answer = await ask(`Username${usual === undefined ? "" : ` (${usual})`}: `, signal);
  return answer.trim() || (usual ?? "");
}

async function passwordFor(
  { password, passwordStdin }: LoginFlags,
  signal: AbortSignal,
): Promise<string> {
  if (password !== undefined) return password;
  if (!passwordStdin) {
    refuseSilence("--password-stdin");
    return askSecretly("Password: ", signal);
  }
  return (await readInput(signal)).replace(/\r?\n$/, "");
}

function refuseSilence(flags: string): void {
  if (isAnswered()) return;
  throw new UsageError(`There is no terminal to ask on: give ${flags}`);
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
