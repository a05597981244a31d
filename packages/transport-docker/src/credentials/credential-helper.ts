import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { ImageError } from "@drayage/core";
import type { OperationOptions, SystemContext } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

import type { DockerAuthConfig } from "../docker-settings.ts";

/** A program `docker-credential-NAME` that stores credentials (credential helpers protocol of docker). */
export interface CredentialHelper {
  readonly name: string;
  /** The file that configures the helper, for messages. */
  readonly configuredIn: string;
}

export interface HelperOptions extends OperationOptions {
  readonly system?: SystemContext | undefined;
}

/**
 * Returns the credentials of a server; undefined if the helper has none. @throws ImageError `unavailable`;
 * `unsupported` if the program is not installed
 */
export async function getFromHelper(
  helper: CredentialHelper,
  server: string,
  options: HelperOptions,
): Promise<DockerAuthConfig | undefined> {
  const { succeeded, output } = await run(helper, "get", server, options);
  if (!succeeded && isNotFound(output)) return undefined;
  if (!succeeded) throw failed(helper, "get", server);
  const answer = parseOutput(output);
  const username = answer && fieldOf(answer, "username");
  const secret = answer && fieldOf(answer, "secret");
  if (username === undefined || secret === undefined) throw failed(helper, "get", server);
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
  const { succeeded } = await run(helper, "store", input, options);
  if (!succeeded) throw failed(helper, "store", server);
}

/** Erases the credentials of a server and returns whether there were any. @throws ImageError as `getFromHelper` */
export async function eraseFromHelper(
  helper: CredentialHelper,
  server: string,
  options: HelperOptions,
): Promise<boolean> {
  if ((await getFromHelper(helper, server, options)) === undefined) return false;
  const { succeeded, output } = await run(helper, "erase", server, options);
  if (!succeeded && !isNotFound(output)) throw failed(helper, "erase", server);
  return succeeded;
}

/** Lists the servers with stored credentials. @throws ImageError as `getFromHelper` */
export async function listServers(
  helper: CredentialHelper,
  options: HelperOptions,
): Promise<readonly string[]> {
  const { succeeded, output } = await run(helper, "list", "", options);
  const answer = parseOutput(output);
  if (!succeeded || answer === undefined) throw failed(helper, "list", "");
  return Object.keys(answer);
}

/** The user name that marks an identity token in location of a password. */
const tokenUser = "<token>";
/** In bytes. */
const outputLimit = 1 << 20;
/** In milliseconds. A helper may ask its user to unlock a keychain. */
const helperTimeout = 60_000;
/** Milliseconds to read remaining output after the helper exits; a child process may keep the pipe open. */
const drainTimeout = 1000;

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
  throw new ImageError(
    "unsupported",
    `${programOf(name)} cannot store registry tokens; use a user name and password`,
  );
}

type HelperAction = "get" | "store" | "erase" | "list";

interface Outcome {
  readonly succeeded: boolean;
  /** The standard output. */
  readonly output: string;
}

/** Runs a helper without a shell. Kills it on abort, on timeout, and if its output exceeds the limit. */
async function run(
  helper: CredentialHelper,
  action: HelperAction,
  input: string,
  { system, signal }: HelperOptions,
): Promise<Outcome> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(helperTimeout);
  const child = spawn(programOf(helper.name), [action], {
    env: { ...(system?.environment ?? process.env) },
    stdio: ["pipe", "pipe", "ignore"],
    windowsHide: true,
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    killSignal: "SIGKILL",
  });
  const ended = Promise.withResolvers<boolean>();
  child.on("error", ended.reject);
  child.on("exit", (code) => ended.resolve(code === 0));
  // A helper may close its input without reading it.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  try {
    const [succeeded, output] = await Promise.all([
      ended.promise,
      outputOf(child.stdout, ended.promise),
    ]);
    return { succeeded, output };
  } catch (error) {
    child.kill("SIGKILL");
    signal?.throwIfAborted();
    throw runError(helper, action, timeout.aborted ? timeout.reason : error);
  } finally {
    child.stdout.destroy();
  }
}

/** Reads the output of a helper until it exits. @throws RangeError above the limit */
async function outputOf(stdout: Readable, ended: Promise<unknown>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const isRead = Promise.withResolvers<void>();
  stdout.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size <= outputLimit) chunks.push(chunk);
    else isRead.reject(new RangeError(`it wrote more than ${outputLimit} bytes`));
  });
  stdout.on("close", isRead.resolve);
  stdout.on("error", isRead.reject);
  const drained = ended.then(async () => delay(drainTimeout, undefined, { ref: false }));
  await Promise.race([isRead.promise, drained]);
  return new TextDecoder().decode(Buffer.concat(chunks)).trim();
}

function runError(
  { name, configuredIn }: CredentialHelper,
  action: HelperAction,
  cause: unknown,
): ImageError {
  const program = programOf(name);
  const { code, name: kind } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new ImageError(
      "unsupported",
      `${configuredIn} configures ${program}, which is not on the PATH; install it, or remove it from that file`,
    );
  }
  const why = kind === "TimeoutError" ? `no response within ${helperTimeout / 1000} s` : code;
  const reason = cause instanceof RangeError ? cause.message : why;
  return new ImageError(
    "unavailable",
    `${program} ${action} could not run (${reason}); run it by hand, or remove it from ${configuredIn}`,
    { retryable: false },
  );
}

/** The output is not included, because it may contain a secret. */
function failed({ name }: CredentialHelper, action: string, server: string): ImageError {
  const target = server === "" ? "" : ` for ${server}`;
  return new ImageError(
    "unavailable",
    `${programOf(name)} ${action} failed${target}; run it by hand to see why`,
    { retryable: false },
  );
}

/** Returns undefined for output that is not a JSON object; it must not count as an absence of credentials. */
function parseOutput(output: string): JSONObject | undefined {
  try {
    const value: unknown = JSON.parse(output);
    return isJSONObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Go programs match field names case-insensitively. Returns undefined for a value that is not a string, and for two
 * different values.
 */
function fieldOf(answer: JSONObject, name: string): string | undefined {
  const keys = Object.keys(answer).filter((key) => key.toLowerCase() === name);
  const values = new Set(keys.map((key) => answer[key] ?? ""));
  const [value = "", ...others] = values;
  return others.length === 0 && typeof value === "string" ? value : undefined;
}

function isNotFound(output: string): boolean {
  return /^credentials not found/i.test(output);
}

function programOf(name: string): string {
  return `docker-credential-${name}`;
}
