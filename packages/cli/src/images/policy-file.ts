import { homedir } from "node:os";
import path from "node:path";

import { ImageError, implicitPathOf, isImageError, Transports } from "@drayage/core";
import type { OperationOptions, SystemContext } from "@drayage/core";
import type { Policy } from "@drayage/signature";
import { readNamedFile } from "@drayage/transport-kit/files";

import type { PolicyFlags } from "../flags/policy-flags.ts";
import { sideOf } from "../flags/side-flags.ts";
import { knownTransports } from "./known-transports.ts";

/** The policy of a command. */
export interface LoadedPolicy {
  /** The file that it was read from; undefined if there is none. */
  readonly file: string | undefined;
  /** Undefined if all images are accepted because there is no policy file, or by `--insecure-policy`. */
  readonly policy: Policy | undefined;
  /** A message for the user if there is no policy file. */
  readonly notice?: string;
}

/** Reads the policy file. @throws ImageError `untrusted` if it is invalid, or missing with `--require-policy` */
export async function loadPolicy(
  { policy, insecurePolicy, requirePolicy }: PolicyFlags,
  system: SystemContext = {},
  options: OperationOptions = {},
): Promise<LoadedPolicy> {
  if (insecurePolicy) return { file: undefined, policy: undefined };
  const files = policy === undefined ? defaultFiles(system) : [policy];
  for (const file of files) {
    const bytes = await contentOf(file, policy !== undefined, options);
    if (bytes !== undefined) return { file, policy: await policyIn(file, bytes) };
  }
  const notice = "no policy.json: images are copied without a signature check";
  if (!requirePolicy) return { file: undefined, policy: undefined, notice };
  throw new ImageError(
    "untrusted",
    `There is no policy file at ${files.join(" or ")}; create one, or remove --require-policy`,
  );
}

/** The first existing file is used (containers-policy.json, "DESCRIPTION"). */
function defaultFiles(system: SystemContext): readonly string[] {
  return [
    path.join(homedir(), ".config/containers/policy.json"),
    implicitPathOf("/etc/containers/policy.json", system),
  ];
}

/** Returns undefined if a default file does not exist. */
async function contentOf(
  file: string,
  isDemanded: boolean,
  { signal }: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    return await readNamedFile(file, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const { code, message } = cause as NodeJS.ErrnoException;
    if (isImageError(cause))
      throw new ImageError("untrusted", `The policy file cannot be read: ${message}`, { cause });
    if (code === "ENOENT" && !isDemanded) return undefined;
    const why = code === "ENOENT" ? "it does not exist; name another file with --policy" : code;
    throw new ImageError("untrusted", `The policy file ${file} cannot be read: ${why}`, { cause });
  }
}

/** Parses a policy and checks the scopes of the transports that it mentions. */
async function policyIn(file: string, bytes: Uint8Array): Promise<Policy> {
  const { checkScopes, parsePolicy } = await import("@drayage/signature");
  try {
    const policy = parsePolicy(bytes);
    checkScopes(policy, await mentionedTransports(policy));
    return policy;
  } catch (cause) {
    if (!isImageError(cause)) throw cause;
    const advice = "correct it, or use --insecure-policy to copy without it";
    throw new ImageError(
      "untrusted",
      `The policy file ${file} is invalid: ${cause.message}; ${advice}`,
      { cause },
    );
  }
}

/** Loads only transports that the policy has scopes of. */
async function mentionedTransports({ transports }: Policy): Promise<Transports> {
  const side = sideOf({}, "");
  const known = [...transports]
    .filter(
      ([name, scopes]) => Object.hasOwn(knownTransports, name) && [...scopes.keys()].some(Boolean),
    )
    .map(async ([name]) => knownTransports[name]?.load(side));
  return new Transports((await Promise.all(known)).filter((one) => one !== undefined));
}
