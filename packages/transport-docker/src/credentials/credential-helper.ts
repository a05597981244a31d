import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { ImageError, isJSONObject } from "@drayage/core";
import type { JSONObject, OperationOptions, SystemContext } from "@drayage/core";

import type { DockerAuthConfig } from "../docker-settings.ts";

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
  const answer = parseAnswer(said);
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
  const answer = parseAnswer(said);
  if (!isDone || answer === undefined) throw failed(helper, "list", "");
  return Object.keys(answer);
}

/** The user for whom a helper keeps an identity token in place of a password. */
const tokenUser = "<token>";
/** Bytes. */
const answerLimit = 1 << 20;
/** Milliseconds: a helper may ask its user to unlock something. */
const answerTimeout = 60_000;
/** Milliseconds to read what a helper wrote before it ended; a process that it left behind may hold the pipe open. */
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
  throw new ImageError("unsupported", `${programOf(name)} does not keep tokens of registries`);
}

type HelperAction = "get" | "store" | "erase" | "list";

interface Outcome {
  readonly isDone: boolean;
  /** On standard output. */
  readonly said: string;
}

/** Runs it without a shell; kills it after an abort, a timeout, or too long an answer. */
async function run(
  helper: CredentialHelper,
  action: HelperAction,
  input: string,
  { system, signal }: HelperOptions,
): Promise<Outcome> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(answerTimeout);
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
  // It need not want to know.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  try {
    const [isDone, said] = await Promise.all([
      ended.promise,
      answerOf(child.stdout, ended.promise),
    ]);
    return { isDone, said };
  } catch (error) {
    child.kill("SIGKILL");
    signal?.throwIfAborted();
    throw notRun(helper, action, timeout.aborted ? timeout.reason : error);
  } finally {
    child.stdout.destroy();
  }
}

/** All that a helper writes until it has ended. @throws RangeError above the limit */
async function answerOf(stdout: Readable, ended: Promise<unknown>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const isRead = Promise.withResolvers<void>();
  stdout.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size <= answerLimit) chunks.push(chunk);
    else isRead.reject(new RangeError(`it wrote more than ${answerLimit} bytes`));
  });
  stdout.on("close", isRead.resolve);
  stdout.on("error", isRead.reject);
  const drained = ended.then(async () => delay(drainTimeout, undefined, { ref: false }));
  await Promise.race([isRead.promise, drained]);
  return new TextDecoder().decode(Buffer.concat(chunks)).trim();
}

function notRun(
  { name, namedIn }: CredentialHelper,
  action: HelperAction,
  cause: unknown,
): ImageError {
  const program = programOf(name);
  const { code, name: kind } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new ImageError(
      "unsupported",
      `${namedIn} leaves credentials to ${program}, and no such program is on the PATH: install it, or take it out of that file`,
    );
  }
  const why = kind === "TimeoutError" ? `it did not answer within ${answerTimeout / 1000} s` : code;
  const reason = cause instanceof RangeError ? cause.message : why;
  return new ImageError(
    "unavailable",
    `${program} ${action} could not be run (${reason}); run it by hand, or take it out of ${namedIn}`,
    { retryable: false },
  );
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

/** undefined for what is not a JSON object: it must not be taken for an answer without credentials. */
function parseAnswer(said: string): JSONObject | undefined {
  try {
    const value: unknown = JSON.parse(said);
    return isJSONObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Go programs match names of fields in any case. undefined for what is not text, or for two different texts. */
function fieldOf(answer: JSONObject, name: string): string | undefined {
  const keys = Object.keys(answer).filter((key) => key.toLowerCase() === name);
  const values = new Set(keys.map((key) => answer[key] ?? ""));
  const [value = "", ...others] = values;
  return others.length === 0 && typeof value === "string" ? value : undefined;
}

function isAbsence(said: string): boolean {
  return /^credentials not found/i.test(said);
}

function programOf(name: string): string {
  return `docker-credential-${name}`;
}
