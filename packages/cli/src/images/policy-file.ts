import { homedir } from "node:os";
import path from "node:path";

import {
  ImageError,
  implicitPathOf,
  isImageError,
  isJSONObject,
  parseStrictJSON,
} from "@drayage/core";
import type { OperationOptions, SystemContext } from "@drayage/core";
import { readNamedFile } from "@drayage/transport-kit/files";

export interface PolicyFlags {
  readonly policy?: string;
  readonly insecurePolicy?: true;
  readonly requirePolicy?: true;
}

/**
 * Refuses what a policy file might forbid: signatures are not checked yet, so that only a file that accepts everything
 * can be followed. What the user should know, where there is no file.
 * @throws ImageError `untrusted`
 */
export async function checkPolicyFile(
  { policy, insecurePolicy, requirePolicy }: PolicyFlags,
  system: SystemContext = {},
  options: OperationOptions = {},
): Promise<string | undefined> {
  if (insecurePolicy) return undefined;
  const places = policy === undefined ? usualPlaces(system) : [policy];
  for (const place of places) {
    const bytes = await contentOf(place, policy !== undefined, options);
    if (bytes === undefined) continue;
    const problem = problemOf(bytes);
    if (problem === undefined) return undefined;
    throw new ImageError(
      "untrusted",
      `The policy file ${place} ${problem}; --insecure-policy copies without it`,
    );
  }
  if (!requirePolicy) return "no policy.json: images are copied without a check of signatures";
  throw new ImageError("untrusted", `There is no policy file at ${places.join(" or ")}`);
}

/** The first that is there counts (containers-policy.json, "DESCRIPTION"). */
function usualPlaces(system: SystemContext): readonly string[] {
  return [
    path.join(homedir(), ".config/containers/policy.json"),
    implicitPathOf("/etc/containers/policy.json", system),
  ];
}

/** undefined only for a usual place where no file is. */
async function contentOf(
  place: string,
  isDemanded: boolean,
  { signal }: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    return await readNamedFile(place, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const { code, message } = cause as NodeJS.ErrnoException;
    if (isImageError(cause))
      throw new ImageError("untrusted", `The policy file cannot be read: ${message}`, { cause });
    if (code === "ENOENT" && !isDemanded) return undefined;
    const why = code === "ENOENT" ? "it is not there; name another one with --policy" : code;
    throw new ImageError("untrusted", `The policy file ${place} cannot be read: ${why}`, { cause });
  }
}

/** Names of transports and of scopes are told apart by their case. */
const policyShape = { default: "any", transports: "map" } as const;

/** Why a policy cannot be followed. */
function problemOf(bytes: Uint8Array): string | undefined {
  let policy: unknown;
  try {
    policy = parseStrictJSON("policy", bytes, policyShape);
  } catch (error) {
    if (isImageError(error)) return `is of no use (${error.message})`;
    throw error;
  }
  if (!isJSONObject(policy)) return "is not a JSON object";
  const { default: byDefault, transports = {}, ...unknown } = policy;
  const scopes = Object.values(transports ?? {}).flatMap((scope) => Object.values(scope ?? {}));
  const isOpen =
    Object.keys(unknown).length === 0 &&
    isJSONObject(transports) &&
    Object.values(transports).every(isJSONObject) &&
    [byDefault, ...scopes].every(isAcceptance);
  return isOpen ? undefined : "does not accept every image, and policies are not enforced yet";
}

function isAcceptance(requirements: unknown): boolean {
  return (
    Array.isArray(requirements) &&
    requirements.length > 0 &&
    requirements.every((one) => JSON.stringify(one) === '{"type":"insecureAcceptAnything"}')
  );
}
