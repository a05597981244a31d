import { homedir } from "node:os";
import path from "node:path";

import { ImageError, implicitPathOf, isImageError } from "@drayage/core";
import type { OperationOptions, SystemContext } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import { readNamedFile } from "@drayage/transport-kit/files";

export interface PolicyFlags {
  readonly policy?: string;
  readonly insecurePolicy?: true;
  readonly requirePolicy?: true;
}

/**
 * Fails unless the policy file accepts every image, because signatures are not checked. Returns a notice for the user
 * if there is no policy file. @throws ImageError `untrusted`
 */
export async function checkPolicyFile(
  { policy, insecurePolicy, requirePolicy }: PolicyFlags,
  system: SystemContext = {},
  options: OperationOptions = {},
): Promise<string | undefined> {
  if (insecurePolicy) return undefined;
  const files = policy === undefined ? defaultFiles(system) : [policy];
  for (const file of files) {
    const bytes = await contentOf(file, policy !== undefined, options);
    if (bytes === undefined) continue;
    const problem = problemOf(bytes);
    if (problem === undefined) return undefined;
    throw new ImageError(
      "untrusted",
      `The policy file ${file} ${problem}; use --insecure-policy to copy without it`,
    );
  }
  if (!requirePolicy) return "no policy.json: images are copied without a signature check";
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

/** Names of transports and scopes are case-sensitive. */
const policyShape = { default: "any", transports: "map" } as const;

/** Why the policy cannot be honoured. */
function problemOf(bytes: Uint8Array): string | undefined {
  let policy: unknown;
  try {
    policy = parseStrictJSON("policy", bytes, policyShape);
  } catch (error) {
    if (isImageError(error)) return `is invalid (${error.message})`;
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
