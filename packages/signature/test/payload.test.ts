import { digestOf } from "@drayage/core";
import { expect, test } from "vitest";

import { claimTypes, formatClaim, parseClaim } from "../src/payload.ts";

const manifestDigest = digestOf(Buffer.from("manifest"));
const dockerReference = "quay.io/team/app:1";
const { simpleSigning, sigstore } = claimTypes;
const valid = {
  critical: {
    type: simpleSigning,
    image: { "docker-manifest-digest": manifestDigest },
    identity: { "docker-reference": dockerReference },
  },
  optional: { creator: "drayage 1.0", timestamp: 1_700_000_000, note: { any: ["thing"] } },
};

test("parses a claim", () => {
  expect(parseClaim(bytesOf(valid), simpleSigning)).toEqual({
    manifestDigest,
    dockerReference,
    creator: "drayage 1.0",
    timestamp: 1_700_000_000,
  });
});

test("parses what it formats, with sorted keys", () => {
  const claim = { manifestDigest, dockerReference, creator: "x", timestamp: 1 };
  const bytes = formatClaim(claim, sigstore);
  expect(parseClaim(bytes, sigstore)).toEqual(claim);
  expect(Buffer.from(bytes).toString()).toBe(
    `{"critical":{"identity":{"docker-reference":"${dockerReference}"},"image":{"docker-manifest-digest":"${manifestDigest}"},"type":"${sigstore}"},"optional":{"creator":"x","timestamp":1}}`,
  );
});

test("cosign writes null for no optional fields, simple signing does not", () => {
  const cosign = { ...valid, critical: { ...valid.critical, type: sigstore }, optional: null };
  expect(parseClaim(bytesOf(cosign), sigstore)).toEqual({ manifestDigest, dockerReference });
  const simple = { ...valid, optional: null };
  expect(() => parseClaim(bytesOf(simple), simpleSigning)).toThrow("optional is not a JSON object");
});

const { critical } = valid;
test.each([
  [{ critical }, "has no optional"],
  [{ ...valid, extra: 1 }, 'has the field "extra"'],
  [{ ...valid, critical: { ...critical, extra: 1 } }, 'critical has the field "extra"'],
  [{ ...valid, critical: { ...critical, type: sigstore } }, "critical.type is not"],
  [{ ...valid, critical: { ...critical, type: undefined } }, "critical has no type"],
  [{ ...valid, critical: { ...critical, Type: simpleSigning } }, 'critical has the field "Type"'],
  [{ ...valid, critical: { ...critical, image: {} } }, "critical.image has no"],
  [
    { ...valid, critical: { ...critical, image: { "docker-manifest-digest": "sha256:12" } } },
    "is not a digest",
  ],
  [
    { ...valid, critical: { ...critical, image: { ...critical.image, more: 1 } } },
    "critical.image has the field",
  ],
  [
    { ...valid, critical: { ...critical, identity: { "docker-reference": 1 } } },
    "docker-reference is not a text",
  ],
  [{ ...valid, critical: { ...critical, identity: [] } }, "critical.identity is not a JSON object"],
  [{ ...valid, optional: [] }, "optional is not a JSON object"],
  [{ ...valid, optional: { creator: 1 } }, "creator is not a text"],
  [{ ...valid, optional: { timestamp: 1.5 } }, "timestamp is not an integer"],
  [{ ...valid, optional: { timestamp: "1" } }, "timestamp is not an integer"],
  [[], "the payload is not a JSON object"],
])("rejects %j", (payload, message) => {
  expect(() => parseClaim(bytesOf(payload), simpleSigning)).toThrow(
    expect.objectContaining({ code: "untrusted", message: expect.stringContaining(message) }),
  );
});

test.each([
  "",
  "{",
  `${JSON.stringify(valid)} 1`,
  JSON.stringify(valid).replace('"type"', '"type":"x","type"'),
])("rejects invalid or ambiguous JSON: %s", (text) => {
  expect(() => parseClaim(Buffer.from(text), simpleSigning)).toThrow(
    expect.objectContaining({ code: "untrusted" }),
  );
});

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
