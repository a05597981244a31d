import type { ImageReference } from "@drayage/core";

import type { Policy, PolicyRequirement } from "./policy.ts";

/** The scope of a policy that applies to an image. */
export interface MatchedScope {
  /** The name of the transport; undefined for the default of the policy. */
  readonly transport: string | undefined;
  /** `""` for all images of the transport; undefined for the default of the policy. */
  readonly scope: string | undefined;
  readonly requirements: readonly PolicyRequirement[];
}

/**
 * Finds the most specific scope for an image: its identity, its namespaces in order, its transport, then the default
 * (containers-policy.json(5), "transports"). Only the first one applies.
 */
export function scopeFor(policy: Policy, reference: ImageReference): MatchedScope {
  const { name: transport } = reference.transport;
  const scopes = policy.transports.get(transport);
  const { policyConfigurationIdentity: identity, policyConfigurationNamespaces } = reference;
  const candidates = [
    ...(identity === undefined ? [] : [identity]),
    ...policyConfigurationNamespaces,
    "",
  ];
  for (const scope of candidates) {
    const requirements = scopes?.get(scope);
    if (requirements !== undefined) return { transport, scope, requirements };
  }
  return { transport: undefined, scope: undefined, requirements: policy.default };
}

/** A scope as it appears in a policy, for messages: `transports.docker["quay.io"]`. */
export function scopeName({ transport, scope }: MatchedScope): string {
  if (transport === undefined || scope === undefined) return "default";
  return `transports.${transport}[${JSON.stringify(scope)}]`;
}
