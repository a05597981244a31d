import { spawn } from "node:child_process";

import { gathered, ImageError } from "@drayage/core";
import type { OperationOptions, SystemContext } from "@drayage/core";

import type { DockerAuthConfig } from "../docker-settings.ts";
import { jsonObjectOf } from "../http/json-answer.ts";

/** A program `docker-credential-NAME` that keeps credentials (docker's credential helpers protocol). */
export interface CredentialHelper {
  readonly name: string;
  /** The file that names it, for people. */
  readonly namedIn: string;
}

export interface HelperOptions extends OperationOptions {
  readonly system?: SystemContext | undefined;
}

/** undefined where it has none. @throws ImageError `unavailable`; `unsupported` where there is no such program */
export async function getFromHelper(
  helper: CredentialHelper,
  server: string,
  options: HelperOptions,
): Promise<DockerAuthConfig | undefined> {
  const { isDone, said } = await run(helper, "get", server, options);
  if (!isDone && isAbsence(said)) return undefined;
  if (!isDone) throw failed(helper, "get", server);
  const { Username: username = "", Secret: secret = "" } = jsonObjectOf(said);
  if (typeof username !== "string" || typeof secret !== "string") {
    throw failed(helper, "get", server);
  }
  if (username === tokenUser) return { identityToken: secret };
  return username === "" && secret === "" ? undefined : { username, password: secret };
}

/** @throws ImageError as `getFromHelper` */
export async function storeInHelper(
  helper: CredentialHelper,
  server: string,
  credentials: DockerAuthConfig,
  options: HelperOptions,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, ...namedSecret(helper, credentials) });
  const { isDone } = await run(helper, "store", input, options);
  if (!isDone) throw failed(helper, "store", server);
}

/** Whether it had any. @throws ImageError as `getFromHelper` */
export async function eraseFromHelper(
  helper: CredentialHelper,
  server: string,
  options: HelperOptions,
): Promise<boolean> {
  if ((await getFromHelper(helper, server, options)) === undefined) return false;
  const { isDone, said } = await run(helper, "erase", server, options);
  if (!isDone && !isAbsence(said)) throw failed(helper, "erase", server);
  return isDone;
}

/** The servers for which it keeps any. @throws ImageError as `getFromHelper` */
export async function listOfHelper(
  helper: CredentialHelper,
  options: HelperOptions,
): Promise<readonly string[]> {
  const { isDone, said } = await run(helper, "list", "", options);
  if (!isDone) throw failed(helper, "list", "");
  return Object.keys(jsonObjectOf(said));
}

/** The user for whom a helper keeps an identity token in place of a password. */
const tokenUser = "<token>";
const answerLimit = 1 << 20;

function namedSecret(
  { name }: CredentialHelper,
  credentials: DockerAuthConfig,
): { Username: string; Secret: string } {
  if ("username" in credentials) {
    return { Username: credentials.username, Secret: credentials.password };
  }
  if ("identityToken" in credentials) {
    return { Username: tokenUser, Secret: credentials.identityToken };
  }
  throw new ImageError("unsupported", `${programOf(name)} does not keep tokens of registries`);
}

interface Outcome {
  readonly isDone: boolean;
  /** On standard output. */
  readonly said: string;
}

/** Runs it without a shell, and ends it where that is no longer wanted. */
async function run(
  helper: CredentialHelper,
  action: "get" | "store" | "erase" | "list",
  input: string,
  { system, signal }: HelperOptions,
): Promise<Outcome> {
  signal?.throwIfAborted();
  const child = spawn(programOf(helper.name), [action], {
    env: { ...(system?.environment ?? process.env) },
    stdio: ["pipe", "pipe", "ignore"],
    windowsHide: true,
    ...(signal && { signal }),
  });
  const ended = Promise.withResolvers<boolean>();
  child.on("error", ended.reject);
  child.on("exit", (code) => ended.resolve(code === 0));
  // It need not want to know.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  try {
    const [isDone, bytes] = await Promise.all([ended.promise, gathered(child.stdout, answerLimit)]);
    return { isDone, said: new TextDecoder().decode(bytes).trim() };
  } catch (error) {
    child.kill("SIGKILL");
    signal?.throwIfAborted();
    throw notRun(helper, action, error);
  } finally {
    child.stdout.destroy();
  }
}

function notRun({ name, namedIn }: CredentialHelper, action: string, cause: unknown): ImageError {
  const program = programOf(name);
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new ImageError(
      "unsupported",
      `${namedIn} leaves credentials to ${program}, and no such program is on the PATH: install it, or take it out of that file`,
    );
  }
  return new ImageError("unavailable", `${program} ${action} could not be run (${code})`, {
    retryable: false,
  });
}

/** What it said is not told: there may be a secret in it. */
function failed({ name }: CredentialHelper, action: string, server: string): ImageError {
  const about = server === "" ? "" : ` for ${server}`;
  return new ImageError(
    "unavailable",
    `${programOf(name)} ${action} failed${about}; run it by hand to see why`,
    { retryable: false },
  );
}

function isAbsence(said: string): boolean {
  return /^credentials not found/i.test(said);
}

function programOf(name: string): string {
  return `docker-credential-${name}`;
}
