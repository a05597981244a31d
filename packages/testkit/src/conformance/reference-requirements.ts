import assert from "node:assert/strict";

import { imageName, Transports } from "@drayage/core";
import type { ImageReference } from "@drayage/core";

import type { Requirement } from "./requirement.ts";

const always = (): boolean => true;

/** What makes two references equivalent. */
function identityOf(reference: ImageReference): unknown {
  const { stringWithinTransport, dockerReference } = reference;
  const { policyConfigurationIdentity, policyConfigurationNamespaces } = reference;
  return {
    stringWithinTransport,
    dockerReference,
    policyConfigurationIdentity,
    policyConfigurationNamespaces,
  };
}

export const referenceRequirements: readonly Requirement[] = [
  {
    id: "reference/round-trip",
    promise: "a reference is read back from its own text, with and without its transport's name",
    appliesTo: always,
    async check({ transport, freshReference }) {
      const reference = await freshReference();
      const again = transport.parseReference(reference.stringWithinTransport);
      assert.deepEqual(identityOf(again), identityOf(reference));
      const named = new Transports([transport]).parse(imageName(reference));
      assert.deepEqual(identityOf(named), identityOf(reference));
    },
  },
  {
    id: "reference/frozen",
    promise: "a reference is frozen and leads back to its transport",
    appliesTo: always,
    async check({ transport, freshReference }) {
      const reference = await freshReference();
      assert.ok(Object.isFrozen(reference), "it can be changed");
      assert.equal(reference.transport.name, transport.name);
    },
  },
  {
    id: "reference/policy-scopes",
    promise: "its policy identity and namespaces are scopes that the transport accepts",
    appliesTo: always,
    async check({ transport, freshReference }) {
      const reference = await freshReference();
      const { policyConfigurationIdentity: identity, policyConfigurationNamespaces } = reference;
      const scopes = [
        ...(identity === undefined ? [] : [identity]),
        ...policyConfigurationNamespaces,
      ];
      for (const scope of scopes) transport.validatePolicyConfigurationScope(scope);
    },
  },
  {
    id: "reference/invalid",
    promise: "text that is no reference is refused with invalid-reference",
    appliesTo: always,
    async check({ transport }) {
      assert.throws(() => transport.parseReference(""), { code: "invalid-reference" });
    },
  },
];
