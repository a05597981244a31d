import { ImageError } from "@drayage/core";

import { alteredMemory } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";

const notFound = (): never => {
  throw new ImageError("not-found", "There is no such reference");
};

export const referenceBreakages: Breakages = {
  "reference/round-trip": {
    "changes its text at each parsing": () =>
      alteredMemory({
        reference: ({ stringWithinTransport: text }) => ({ stringWithinTransport: `${text}!` }),
      }),
  },
  "reference/frozen": {
    "returns references that are not frozen": () => {
      const subject = alteredMemory();
      const unfrozen = (text: string) => ({ ...subject.transport.parseReference(text) });
      return {
        ...subject,
        freshReference: async () =>
          unfrozen((await subject.freshReference()).stringWithinTransport),
      };
    },
  },
  "reference/policy-scopes": {
    "rejects the scopes of its own references": () =>
      alteredMemory({
        transport: () => ({
          validatePolicyConfigurationScope(scope) {
            throw new ImageError("invalid-scope", `${scope} is not a scope`);
          },
        }),
      }),
  },
  "reference/advice": {
    "recommends another transport": () =>
      alteredMemory({ transport: () => ({ advise: (name) => `write other:${name}` }) }),
  },
  "reference/invalid": {
    "parses empty text": () =>
      alteredMemory({
        transport: ({ parseReference }) => ({
          parseReference: (text) => parseReference(text === "" ? "default" : text),
        }),
      }),
    "rejects empty text with another code": () =>
      alteredMemory({
        transport: ({ parseReference }) => ({
          parseReference: (text) => (text === "" ? notFound() : parseReference(text)),
        }),
      }),
  },
};
