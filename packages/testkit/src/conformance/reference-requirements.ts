import assert from "node:assert/strict";

import { imageName, Transports } from "@drayage/core";
import type { ImageReference } from "@drayage/core";

import type { Requirement } from "./requirement.ts";

const always = (): boolean => true;

/** The fields that equivalent references share. */
function identityOf(reference: ImageReference): unknown {
  const { stringWithinTransport, dockerReference, isLocation = false } = reference;
  const { policyConfigurationIdentity, policyConfigurationNamespaces } = reference;
  return {
    stringWithinTransport,
    dockerReference,
    isLocation,
    policyConfigurationIdentity,
    policyConfigurationNamespaces,
  };
}

export const referenceRequirements: readonly Requirement[] = [
  {
    id: "reference/round-trip",
    description:
      "a reference is parsed from its own text, with and without the name of the transport",
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
    description: "a reference is frozen and has its transport",
    appliesTo: always,
    async check({ transport, freshReference }) {
      const reference = await freshReference();
      assert.ok(Object.isFrozen(reference), "the reference is not frozen");
      assert.equal(reference.transport.name, transport.name);
    },
  },
  {
    id: "reference/policy-scopes",
    description:
      "the policy identity and namespaces of a reference are valid scopes of the transport",
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
    id: "reference/advice",
    description: "advice on a name without a transport includes the name of this transport",
    appliesTo: always,
    async check({ transport }) {
      for (const name of ["image", "./image", "image.tar", "https://registry.example/image"]) {
        const advice = transport.advise?.(name);
        const isNamed = advice === undefined || advice.includes(`${transport.name}:`);
        assert.ok(isNamed, `the advice on ${name} does not include ${transport.name}:`);
      }
    },
  },
  {
    id: "reference/invalid",
    description: "parsing an invalid reference fails with invalid-reference",
    appliesTo: always,
    async check({ transport }) {
      assert.throws(() => transport.parseReference(""), { code: "invalid-reference" });
    },
  },
];
