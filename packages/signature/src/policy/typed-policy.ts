import { fieldAt, invalidPolicy } from "./policy-fields.ts";
import type { Policy, PolicyRequirement } from "./policy.ts";

/** The value that `policy` takes: the requirements for all images, and by transport and scope. */
export interface PolicyInput {
  /** Applies to images without a more specific scope. */
  readonly default: RequirementInput;
  /** The requirements of a transport: for all of its images, or by scope, with `""` for all other images. */
  readonly [transport: string]: RequirementInput | Readonly<Record<string, RequirementInput>>;
}

/** Requirements, or the name of one without settings. */
export type RequirementInput =
  | "reject"
  | "insecureAcceptAnything"
  | PolicyRequirement
  | readonly PolicyRequirement[];

/**
 * A policy as a value: `policy({ default: "reject", docker: { "quay.io/team": sigstoreSigned({ keyPath }) } })`.
 * @throws ImageError `untrusted` for an empty list of requirements
 */
export function policy({ default: byDefault, ...transports }: PolicyInput): Policy {
  return {
    default: requirementsOf(byDefault, "default"),
    transports: new Map(
      Object.entries(transports).map(([name, scopes]) => [name, scopesOf(scopes, name)] as const),
    ),
  };
}

function scopesOf(
  scopes: RequirementInput | Readonly<Record<string, RequirementInput>>,
  at: string,
): ReadonlyMap<string, readonly PolicyRequirement[]> {
  if (isRequirements(scopes)) return new Map([["", requirementsOf(scopes, at)]]);
  return new Map(
    Object.entries(scopes).map(
      ([scope, input]) => [scope, requirementsOf(input, fieldAt(at, scope))] as const,
    ),
  );
}

function isRequirements(
  input: RequirementInput | Readonly<Record<string, RequirementInput>>,
): input is RequirementInput {
  return typeof input === "string" || Array.isArray(input) || "type" in input;
}

function requirementsOf(input: RequirementInput, at: string): readonly PolicyRequirement[] {
  if (input === "reject" || input === "insecureAcceptAnything") return [{ type: input }];
  const requirements = [input].flat() as readonly PolicyRequirement[];
  if (requirements.length > 0) return requirements;
  throw invalidPolicy(at, "must have at least one requirement");
}
