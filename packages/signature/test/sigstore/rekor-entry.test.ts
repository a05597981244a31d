import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { certificateOrKeyBytes } from "../../src/sigstore/pem.ts";
import { parsePublicKey } from "../../src/sigstore/public-keys.ts";
import { recordedAt } from "../../src/sigstore/rekor-entry.ts";

const testdata = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image/signature/internal/testdata",
);

test.skipIf(!existsSync(testdata))("accepts an entry of the public log", () => {
  const read = (name: string): Buffer => readFileSync(path.join(testdata, name));
  const expected = {
    signer: certificateOrKeyBytes(read("rekor-cert")) ?? Buffer.of(),
    signature: Buffer.from(read("rekor-sig").toString(), "base64"),
    payload: read("rekor-payload"),
  };
  const keys = [parsePublicKey(read("rekor.pub"))];
  const time = recordedAt(read("rekor-set").toString(), keys, expected);
  expect(time.toISOString()).toBe("2022-12-12T18:48:19.000Z");
});

const log = generateKeyPairSync("ec", { namedCurve: "P-256" });
const signerPair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const signer = signerPair.publicKey.export({ type: "spki", format: "der" });
const signerPEM = String(signerPair.publicKey.export({ type: "spki", format: "pem" }));
const signature = Buffer.from("signature");
const payload = Buffer.from("payload");
const hash = createHash("sha256").update(payload).digest("hex");
const expected = { signer, signature, payload };
const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");

const body = {
  apiVersion: "0.0.1",
  kind: "hashedrekord",
  spec: {
    data: { hash: { algorithm: "sha256", value: hash } },
    signature: { content: base64(signature), publicKey: { content: base64(signerPEM) } },
  },
};
const entry = { integratedTime: 1_700_000_000, logID: "id", logIndex: 5 };

test("returns the time of a valid entry", () => {
  expect(recordedAt(bundle(body, entry), [log.publicKey], expected)).toEqual(
    new Date(1_700_000_000_000),
  );
});

const { spec } = body;
test.each([
  ["kind", { ...body, kind: "intoto" }, "not a hashedrekord"],
  ["version", { ...body, apiVersion: "0.0.2" }, "not a hashedrekord"],
  ["spec", { ...body, spec: null }, "body.spec is not a JSON object"],
  [
    "payload",
    {
      ...body,
      spec: { ...spec, data: { hash: { algorithm: "sha256", value: hash.replace(/^./, "x") } } },
    },
    "another payload",
  ],
  [
    "algorithm",
    { ...body, spec: { ...spec, data: { hash: { algorithm: "sha512", value: hash } } } },
    "another payload",
  ],
  [
    "signature",
    { ...body, spec: { ...spec, signature: { ...spec.signature, content: base64("other") } } },
    "another signature",
  ],
  [
    "key",
    {
      ...body,
      spec: { ...spec, signature: { ...spec.signature, publicKey: { content: base64("key") } } },
    },
    "another key",
  ],
  [
    "two keys",
    {
      ...body,
      spec: {
        ...spec,
        signature: {
          ...spec.signature,
          publicKey: { content: base64(signerPEM + signerPEM) },
        },
      },
    },
    "another key",
  ],
])("rejects an entry with another %s", (_, changed, message) => {
  expect(() => recordedAt(bundle(changed, entry), [log.publicKey], expected)).toThrow(message);
});

test.each([
  ["time as a fraction", { ...entry, integratedTime: 1.5 }, "another type"],
  ["time as a text", { ...entry, integratedTime: "1" }, "another type"],
  ["another field", { ...entry, more: 1 }, "must have the fields"],
])("rejects an entry with %s", (_, changed, message) => {
  expect(() => recordedAt(bundle(body, changed), [log.publicKey], expected)).toThrow(message);
});

test("rejects an entry that the log did not sign", () => {
  const text = bundle(body, entry);
  expect(() => recordedAt(text, [signerPair.publicKey], expected)).toThrow("not signed by the log");
  expect(() => recordedAt(text, [], expected)).toThrow("not signed by the log");
  const later = text.replace("1700000000", "1800000000");
  expect(() => recordedAt(later, [log.publicKey], expected)).toThrow("not signed by the log");
});

test.each(["", "{}", "[]", '{"SignedEntryTimestamp":"","Payload":{},"x":1}'])(
  "rejects invalid bundle %s",
  (text) => {
    expect(() => recordedAt(text, [log.publicKey], expected)).toThrow(
      expect.objectContaining({ code: "untrusted" }),
    );
  },
);

/** A bundle that the log has signed. */
function bundle(content: object, fields: object): string {
  const logged: Readonly<Record<string, unknown>> = {
    body: base64(JSON.stringify(content)),
    ...fields,
  };
  const names = Object.keys(logged).toSorted((one, other) => (one < other ? -1 : 1));
  const canonical = JSON.stringify(Object.fromEntries(names.map((name) => [name, logged[name]])));
  const promise = sign("sha256", Buffer.from(canonical), log.privateKey);
  return JSON.stringify({ SignedEntryTimestamp: base64(promise), Payload: logged });
}
