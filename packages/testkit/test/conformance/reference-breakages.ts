import { ImageError } from "@drayage/core";

import { alteredMemory } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";

const notFound = (): never => {
  throw new ImageError("not-found", "There is no such reference");
};

export const referenceBreakages: Breakages = {
  "reference/round-trip": {
    "adds to its text each time it is parsed": () =>
      alteredMemory({
        reference: ({ stringWithinTransport: text }) => ({ stringWithinTransport: `${text}!` }),
      }),
  },
  "reference/frozen": {
    "lets references be changed": () => {
      const subject = alteredMemory();
      const thawed = (text: string) => ({ ...subject.transport.parseReference(text) });
      return {
        ...subject,
        freshReference: async () => thawed((await subject.freshReference()).stringWithinTransport),
      };
    },
  },
  "reference/policy-scopes": {
    "refuses the scope of its own references": () =>
      alteredMemory({
        transport: () => ({
          validatePolicyConfigurationScope(scope) {
            throw new ImageError("invalid-scope", `${scope} is not a scope`);
          },
        }),
      }),
  },
  "reference/invalid": {
    "parses empty text": () =>
      alteredMemory({
        transport: ({ parseReference }) => ({
          parseReference: (text) => parseReference(text === "" ? "default" : text),
        }),
      }),
    "refuses empty text with another code": () =>
      alteredMemory({
        transport: ({ parseReference }) => ({
          parseReference: (text) => (text === "" ? notFound() : parseReference(text)),
        }),
      }),
  },
};
