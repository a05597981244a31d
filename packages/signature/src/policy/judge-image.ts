import { ImageError, imageName, isImageError } from "@drayage/core";
import type { ImagePolicy, OperationOptions, UnparsedImage } from "@drayage/core";

import type { PolicyOptions } from "./policy-options.ts";
import { scopeFor, scopeName } from "./policy-scope.ts";
import type { MatchedScope } from "./policy-scope.ts";
import type { Policy, PolicyRequirement } from "./policy.ts";

/** What a policy decides about an image, and why. */
export interface PolicyDecision {
  readonly isAccepted: boolean;
  readonly scope: MatchedScope;
  /** One for each requirement of the scope, in order. */
  readonly results: readonly RequirementResult[];
}

/** Whether an image meets a requirement. */
export interface RequirementResult {
  readonly requirement: PolicyRequirement;
  readonly isMet: boolean;
  /** Who signed the image, or why it does not meet the requirement. */
  readonly reason: string;
}

/** A policy for `copyImage` and `openImage`. It checks each image before anything in it is parsed. */
export function signaturePolicy(policy: Policy, options: PolicyOptions = {}): ImagePolicy {
  return {
    async admit(image, operationOptions) {
      const { isAccepted, scope, results } = await judgeImage(policy, image, {
        ...options,
        ...operationOptions,
      });
      if (isAccepted) return;
      const reference = imageName(image.reference);
      const reason = results.find(({ isMet }) => !isMet)?.reason ?? "it has no requirements";
      const named = options.name === undefined ? "The policy" : `The policy ${options.name}`;
      const message = `${named} rejects ${reference} (${scopeName(scope)}): ${reason}`;
      throw new ImageError("untrusted", message, { reference });
    },
  };
}

/**
 * Checks all requirements of the scope of an image, to explain a decision. An image is accepted if it meets all of them.
 * @throws ImageError if the manifest or the signatures cannot be read
 */
export async function judgeImage(
  policy: Policy,
  image: UnparsedImage,
  options: PolicyOptions & OperationOptions = {},
): Promise<PolicyDecision> {
  const scope = scopeFor(policy, image.reference);
  const results: RequirementResult[] = [];
  for (const requirement of scope.requirements) {
    const result = await checkRequirement(requirement, image, options);
    results.push({ requirement, ...result });
  }
  if (options.requireSigned && !scope.requirements.some(requiresSignature))
    return { isAccepted: false, scope, results: [...results, unsignedResult(scope)] };
  return { isAccepted: results.length > 0 && results.every(({ isMet }) => isMet), scope, results };
}

function requiresSignature({ type }: PolicyRequirement): boolean {
  return type === "signedBy" || type === "sigstoreSigned";
}

function unsignedResult({ requirements }: MatchedScope): RequirementResult {
  const [requirement = { type: "reject" }] = requirements;
  const reason = "the policy requires no signature for it, but one is demanded";
  return { requirement, isMet: false, reason };
}

async function checkRequirement(
  requirement: PolicyRequirement,
  image: UnparsedImage,
  options: PolicyOptions & OperationOptions,
): Promise<Omit<RequirementResult, "requirement">> {
  try {
    return { isMet: true, reason: await acceptance(requirement, image, options) };
  } catch (error) {
    if (isImageError(error, "untrusted")) return { isMet: false, reason: error.message };
    throw error;
  }
}

/** Returns why the image meets a requirement. @throws ImageError `untrusted` if it does not */
async function acceptance(
  requirement: PolicyRequirement,
  image: UnparsedImage,
  options: PolicyOptions & OperationOptions,
): Promise<string> {
  switch (requirement.type) {
    case "insecureAcceptAnything":
      return "every image is accepted";
    case "reject":
      throw new ImageError("untrusted", "every image of this scope is rejected");
    case "signedBaseLayer":
      throw new ImageError("untrusted", "signedBaseLayer is not implemented; use signedBy");
    case "signedBy": {
      const { checkSignedBy } = await import("../simple-signing/check-signed-by.ts");
      return checkSignedBy(requirement, image, options);
    }
    case "sigstoreSigned": {
      const { checkSigstoreSigned } = await import("../sigstore/check-sigstore-signed.ts");
      return checkSigstoreSigned(requirement, image, options);
    }
  }
}
