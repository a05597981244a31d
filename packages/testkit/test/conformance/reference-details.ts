import { ImageError } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Details } from "./detail.ts";

export const referenceDetails: Details = {
  "reference/round-trip": {
    "parses its own text to another reference": [() => parsingAnother(2), /deep-equal/],
    "parses its own text to another reference after its name": [
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
    "refuses the scope of a namespace": [
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

/** Parses each text correctly but for one time. The first time is that of the fresh reference. */
function parsingAnother(time: number): TransportUnderTest {
  const times = new Map<string, number>();
  return alteredMemory({
    transport: ({ parseReference }) => ({
      parseReference(text) {
        times.set(text, (times.get(text) ?? 0) + 1);
        return parseReference(times.get(text) === time ? `${text}!` : text);
      },
    }),
  });
}
