import { ImageError, isImageError } from "@drayage/core";
import type { ImageTransport, Transports } from "@drayage/core";
import { parseStrictJSON } from "@drayage/core/json";

import { parseRequirement } from "./parse-requirement.ts";
import { fieldAt, invalidPolicy, PolicyFields } from "./policy-fields.ts";
import type { Policy, PolicyRequirement, PolicyScopes } from "./policy.ts";

/** Options of `parsePolicy`. */
export interface ParsePolicyOptions {
  /** Checks the scopes of these transports. Scopes of other transports are accepted. Default: none. */
  readonly transports?: Transports | undefined;
}

/**
 * Parses a `policy.json` (containers-policy.json(5)). Rejects the whole document if it contains an unknown, duplicate,
 * null or mistyped field, an empty list of requirements, or a scope that its transport does not know.
 * @throws ImageError `untrusted`, with the location in the document
 */
export function parsePolicy(bytes: Uint8Array, { transports }: ParsePolicyOptions = {}): Policy {
  const fields = new PolicyFields(parsedJSON(bytes), "");
  const policy = {
    default: requirementsIn(fields.required("default"), "default"),
    transports: transportsIn(fields.optional("transports")),
  };
  fields.end();
  if (transports !== undefined) checkScopes(policy, transports);
  return policy;
}

/**
 * Checks that the scopes of a policy are scopes of their transports. Transports that are not in `transports` are skipped.
 * @throws ImageError `untrusted`
 */
export function checkScopes({ transports: scopes }: Policy, transports: Transports): void {
  for (const [name, requirements] of scopes) {
    const transport = transports.get(name);
    for (const scope of requirements.keys()) {
      if (scope !== "") checkScope(scope, fieldAt(fieldAt("transports", name), scope), transport);
    }
  }
}

/** Names of transports and scopes are case-sensitive. */
const policyShape = { default: "any", transports: "map" } as const;

function parsedJSON(bytes: Uint8Array): unknown {
  try {
    return parseStrictJSON("policy", bytes, policyShape);
  } catch (cause) {
    if (!isImageError(cause)) throw cause;
    throw new ImageError("untrusted", cause.message, { cause });
  }
}

function transportsIn(value: unknown): Policy["transports"] {
  if (value === undefined) return new Map();
  const fields = new PolicyFields(value, "transports");
  return new Map(
    fields.names.map(
      (name) => [name, scopesIn(fields.required(name), fieldAt(fields.at, name))] as const,
    ),
  );
}

function scopesIn(value: unknown, at: string): PolicyScopes {
  const fields = new PolicyFields(value, at);
  return new Map(
    fields.names.map(
      (scope) => [scope, requirementsIn(fields.required(scope), fieldAt(at, scope))] as const,
    ),
  );
}

function checkScope(scope: string, at: string, transport: ImageTransport | undefined): void {
  try {
    transport?.validatePolicyConfigurationScope(scope);
  } catch (error) {
    if (!isImageError(error)) throw error;
    throw invalidPolicy(at, `is not a scope: ${error.message}`);
  }
}

function requirementsIn(value: unknown, at: string): readonly PolicyRequirement[] {
  if (!Array.isArray(value) || value.length === 0)
    throw invalidPolicy(at, "must be a list with at least one requirement");
  return value.map((one: unknown, index) => parseRequirement(one, `${at}[${index}]`));
}
