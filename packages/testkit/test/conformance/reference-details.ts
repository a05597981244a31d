import { ImageError } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Details } from "./detail.ts";

export const referenceDetails: Details = {
  "reference/round-trip": {
    "parses its own text into another reference": [() => parsingAnother(2), /deep-equal/],
    "parses its own text after the transport name into another reference": [
      () => parsingAnother(3),
      /deep-equal/,
    ],
  },
  "reference/frozen": {
    "has references of another transport": [
      () =>
        alteredMemory({
          reference: ({ transport }) => ({ transport: { ...transport, name: "another" } }),
        }),
      /'another'/,
    ],
  },
  "reference/policy-scopes": {
    "rejects the scope of a namespace": [
      () =>
        alteredMemory({
          reference: () => ({ policyConfigurationNamespaces: ["wide"] }),
          transport: () => ({
            validatePolicyConfigurationScope(scope) {
              if (scope === "wide") throw new ImageError("invalid-scope", "wide is not a scope");
            },
          }),
        }),
      /wide is not a scope/,
    ],
  },
};

/** Parses each text correctly except at one call. The first call is for the fresh reference. */
function parsingAnother(call: number): TransportUnderTest {
  const calls = new Map<string, number>();
  return alteredMemory({
    transport: ({ parseReference }) => ({
      parseReference(text) {
        calls.set(text, (calls.get(text) ?? 0) + 1);
        return parseReference(calls.get(text) === call ? `${text}!` : text);
      },
    }),
  });
}
