import { createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { digestOf } from "../../src/names/digest.ts";
import { keyID, signPayload } from "../../src/schema1/sign-payload.ts";
import { schema1Payload } from "../../src/schema1/signed-payload.ts";

const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image/manifest/fixtures",
);

const payload = '{"schemaVersion":1,"name":"a/b","tag":"é","fsLayers":[],"history":[]}';

interface Signature {
  readonly header: { readonly jwk: Record<string, string>; readonly alg: string };
  readonly signature: string;
  readonly protected: string;
}

const signaturesIn = (manifest: Uint8Array): readonly Signature[] =>
  (JSON.parse(Buffer.from(manifest).toString()) as { signatures: readonly Signature[] }).signatures;

/** A manifest whose signatures have these protected headers. */
const signedWith = (content: string, ...headers: readonly unknown[]): Uint8Array => {
  const signatures = headers.map((header) => ({
    protected:
      typeof header === "string"
        ? header
        : Buffer.from(JSON.stringify(header)).toString("base64url"),
  }));
  return Buffer.from(`${content.slice(0, -1)},"signatures":${JSON.stringify(signatures)}}`);
};

const format = { formatLength: Buffer.byteLength(payload) - 1, formatTail: "fQ" };

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("the payload of a signed manifest", () => {
  test("is the manifest without its signatures", () => {
    expect(textOf(schema1Payload(signedWith(payload, format, format)))).toBe(payload);
  });

  test("of a manifest without signatures is the manifest", () => {
    const bytes = Buffer.from(payload);
    expect(schema1Payload(bytes)).toBe(bytes);
    const withNull = Buffer.from(`${payload.slice(0, -1)},"signatures":null}`);
    expect(schema1Payload(withNull)).toBe(withNull);
  });

  test.skipIf(!existsSync(fixtures)).each(["v2s1.manifest.json", "v2s1-unsigned.manifest.json"])(
    "of %s has the digest that Docker gives it",
    (name) => {
      expect(digestOf(schema1Payload(readFileSync(path.join(fixtures, name))))).toBe(
        "sha256:7364fea9d84ee548ab67d4c46c6006289800c98de3fbf8c0a97138dfcc23f000",
      );
    },
  );

  test.each([
    ["signatures that are no list", `${payload.slice(0, -1)},"signatures":{"protected":"e30"}}`],
    ["an empty list of signatures", `${payload.slice(0, -1)},"signatures":[]}`],
    ["a signature that is no object", `${payload.slice(0, -1)},"signatures":[1]}`],
    ["a signature without a header", `${payload.slice(0, -1)},"signatures":[{}]}`],
    ["a header that is not base64url", signedWith(payload, "e30=")],
    ["a header that is not JSON", signedWith(payload, "e3")],
    ["no length", signedWith(payload, { formatTail: "fQ" })],
    ["a negative length", signedWith(payload, { ...format, formatLength: -1 })],
    ["a invalidDocument length", signedWith(payload, { ...format, formatLength: 1.5 })],
    ["a length beyond the end", signedWith(payload, { ...format, formatLength: 1000 })],
    ["no tail", signedWith(payload, { formatLength: format.formatLength })],
    ["a tail that is not base64url", signedWith(payload, { ...format, formatTail: "fQ==" })],
    ["different payloads", signedWith(payload, format, { ...format, formatTail: "IH0" })],
    ["a payload that is not JSON", signedWith(payload, { ...format, formatTail: "XQ" })],
    ["a payload with another content", signedWith(payload, { formatLength: 0, formatTail: "e30" })],
    [
      "fields that the payload does not have",
      signedWith(`${payload.slice(0, -1)},"architecture":"amd64"}`, format),
    ],
  ])("with %s is refused", (_, manifest) => {
    const bytes = typeof manifest === "string" ? Buffer.from(manifest) : manifest;
    expect(() => schema1Payload(bytes)).toThrow(
      expect.objectContaining({ code: "invalid-manifest" }),
    );
  });
});

describe("a manifest that is signed here", () => {
  test.each([payload, `{\n   "name": "é"\n}`, `{"name":"x"} \n`])("has the payload %j", (text) => {
    expect(textOf(schema1Payload(signPayload(text)))).toBe(text);
  });

  test("has a signature of its key over header and payload", () => {
    const [signature] = signaturesIn(signPayload(payload, new Date("2026-01-02T03:04:05.678Z")));
    if (signature === undefined) throw new Error("There is no signature");
    const header = Buffer.from(signature.protected, "base64url").toString();
    expect(header).toBe(
      `{"formatLength":${format.formatLength},"formatTail":"fQ","time":"2026-01-02T03:04:05Z"}`,
    );
    expect(signature.header.alg).toBe("ES256");
    const { jwk } = signature.header;
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const signed = Buffer.from(
      `${signature.protected}.${Buffer.from(payload).toString("base64url")}`,
    );
    const bytes = Buffer.from(signature.signature, "base64url");
    expect(verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes)).toBe(true);
    expect(jwk["kid"]).toMatch(/^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
  });

  test.skipIf(!existsSync(fixtures))("has the key id that libtrust gives the key", () => {
    // The key of a manifest that Docker signed: its id is derived from it in the same way.
    const [theirs] = signaturesIn(readFileSync(path.join(fixtures, "v2s1.manifest.json")));
    const { kid, ...jwk } = theirs?.header.jwk ?? {};
    expect(keyID(createPublicKey({ key: jwk, format: "jwk" }))).toBe(kid);
  });
});
