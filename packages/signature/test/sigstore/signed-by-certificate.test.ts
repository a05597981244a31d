import { createHash, generateKeyPairSync, sign } from "node:crypto";

import { digestOf } from "@drayage/core";
import { opensslProgram } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { judgeImage, policy, sigstoreSigned } from "../../src/index.ts";
import { claimTypes, formatClaim } from "../../src/payload.ts";
import { attachment } from "../../src/sigstore/attachment.ts";
import { imageWith } from "../fixtures.ts";
import { authority, issue, signing } from "./certificates.ts";
import type { Issued } from "./certificates.ts";

const manifest = Buffer.from("{}");
const name = "quay.io/team/app:1";
const payload = Buffer.from(
  formatClaim({ manifestDigest: digestOf(manifest), dockerReference: name }, claimTypes.sigstore),
);
const log = generateKeyPairSync("ec", { namedCurve: "P-256" });
const day = 24 * 60 * 60 * 1000;
const hasOpenSSL = opensslProgram !== undefined;
const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");
/** The extensions in which Fulcio writes the OIDC issuer. */
const issuerText = "1.3.6.1.4.1.57264.1.1=DER:68747470733a2f2f697373756572";
const issuerDER = "1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:https://issuer";

describe.skipIf(!hasOpenSSL)("pki", () => {
  const root = issued("root", { extensions: authority });
  const intermediate = issued("intermediate", { issuer: root, extensions: authority });
  const leaf = issued("leaf", { issuer: intermediate, extensions: signing });
  const other = issued("root", { extensions: authority });
  const byRoot = issued("leaf", { issuer: root, extensions: signing });
  const settings = { caRootsData: bytes(root.certificate), subjectEmail: "dev@example.com" };

  test.each<readonly [string, Issued, readonly Issued[], object, string | true]>([
    ["a chain in the signature", leaf, [intermediate, root], settings, true],
    [
      "an intermediate in the policy",
      leaf,
      [],
      { ...settings, caIntermediatesData: bytes(intermediate.certificate) },
      true,
    ],
    ["no intermediate", byRoot, [], settings, true],
    [
      "a host name",
      leaf,
      [intermediate, root],
      { caRootsData: settings.caRootsData, subjectHostname: "build.example.com" },
      true,
    ],
    ["a missing intermediate", leaf, [], settings, "no valid chain"],
    [
      "a root of the same name",
      byRoot,
      [],
      { ...settings, caRootsData: bytes(other.certificate) },
      "no valid chain",
    ],
    [
      "a root only in the signature",
      byRoot,
      [root, root],
      { ...settings, caRootsData: bytes(other.certificate) },
      "no valid chain",
    ],
    [
      "the last certificate is not an intermediate",
      leaf,
      [intermediate],
      settings,
      "no valid chain",
    ],
    [
      "another email",
      leaf,
      [intermediate, root],
      { ...settings, subjectEmail: "DEV@example.com" },
      'it is for ["dev@example.com"]',
    ],
    [
      "another host",
      leaf,
      [intermediate, root],
      { ...settings, subjectHostname: "example.com" },
      "not for the host example.com",
    ],
  ])("%s", async (_, signer, chain, pki, expected) => {
    expect(await judged(signer, chain, { pki })).toEqual(result(expected));
  });

  test.each<readonly [string, readonly string[], string]>([
    [
      "for another purpose",
      ["extendedKeyUsage=serverAuth", ...signing.slice(2)],
      "not for code signing",
    ],
    ["without a purpose", signing.slice(2), "not for code signing"],
    [
      "with an unknown critical extension",
      [...signing, "1.2.3.4=critical,DER:0500"],
      "critical extension 1.2.3.4",
    ],
    ["without names", signing.slice(0, 2), "it is for []"],
  ])("a certificate %s is rejected", async (_, extensions, message) => {
    const signer = issued("leaf", { issuer: root, extensions });
    expect(await judged(signer, [], { pki: settings })).toEqual(result(message));
  });

  test.each<readonly [string, readonly string[]]>([
    ["that is no authority", ["basicConstraints=critical,CA:false"]],
    [
      "that may not sign certificates",
      ["basicConstraints=critical,CA:true", "keyUsage=critical,cRLSign"],
    ],
    ["for another purpose", [...authority, "extendedKeyUsage=serverAuth"]],
    [
      "with name constraints",
      [...authority, "nameConstraints=critical,permitted;email:example.com"],
    ],
  ])("an intermediate %s is rejected", async (_, extensions) => {
    const issuer = issued("other", { issuer: root, extensions });
    const signer = issued("leaf", { issuer, extensions: signing });
    expect(await judged(signer, [issuer, root], { pki: settings })).toEqual(
      result("no valid chain"),
    );
  });

  test("the length of a chain is limited by its root", async () => {
    const short = issued("short", {
      extensions: ["basicConstraints=critical,CA:true,pathlen:0", authority[1] ?? ""],
    });
    const between = issued("between", { issuer: short, extensions: authority });
    const signer = issued("leaf", { issuer: between, extensions: signing });
    const pki = { ...settings, caRootsData: bytes(short.certificate) };
    expect(await judged(signer, [between, short], { pki })).toEqual(result("no valid chain"));
    const direct = issued("leaf", { issuer: short, extensions: signing });
    expect(await judged(direct, [], { pki })).toEqual(result(true));
  });

  test("an expired certificate is rejected", async () => {
    const later = { now: () => new Date(Date.now() + 3 * day) };
    expect(await judged(byRoot, [], { pki: settings }, later)).toEqual(
      result("it is not valid at"),
    );
  });

  test("a signature by another key is rejected", async () => {
    const forged = { certificate: byRoot.certificate, key: leaf.key };
    expect(await judged(forged, [], { pki: settings })).toEqual(result("made with another key"));
  });

  test("several certificates are rejected", async () => {
    const several = { ...byRoot, certificate: byRoot.certificate + leaf.certificate };
    expect(await judged(several, [], { pki: settings })).toEqual(result("several certificates"));
  });
});

describe.skipIf(!hasOpenSSL)("fulcio", () => {
  const root = issued("root", { extensions: authority });
  const fulcio = {
    caData: bytes(root.certificate),
    oidcIssuer: "https://issuer",
    subjectEmail: "dev@example.com",
  };
  const rekorPublicKeyData = Buffer.from(log.publicKey.export({ type: "spki", format: "pem" }));
  const settings = { fulcio, rekorPublicKeyData };

  test.each<readonly [string, readonly string[], string | true]>([
    ["the issuer as text", [...signing, issuerText], true],
    ["the issuer as a DER string", [...signing, issuerDER], true],
    ["both", [...signing, issuerText, issuerDER], true],
    [
      "two different ones",
      [...signing, issuerText, issuerDER.replace("https://issuer", "https://other")],
      "two different OIDC issuers",
    ],
    [
      "another issuer",
      [...signing, issuerDER.replace("https://issuer", "https://issuer.evil")],
      'its OIDC issuer is "https://issuer.evil"',
    ],
    ["no issuer", signing, "it has no OIDC issuer"],
  ])("%s", async (_, extensions, expected) => {
    const signer = issued("leaf", { issuer: root, extensions });
    expect(await judged(signer, [], settings)).toEqual(result(expected));
  });

  test("the certificate must be valid when it was recorded, not now", async () => {
    const signer = issued("leaf", { issuer: root, extensions: [...signing, issuerText] });
    const later = { now: () => new Date(Date.now() + 3 * day) };
    expect(await judged(signer, [], settings, later)).toEqual(result(true));
    const recorded = Date.now() - 3 * day;
    expect(await judged(signer, [], settings, {}, recorded)).toEqual(result("it is not valid at"));
  });
});

/** No certificate is issued where OpenSSL is missing and the tests are skipped. */
function issued(...args: Parameters<typeof issue>): Issued {
  return hasOpenSSL ? issue(...args) : { certificate: "", key: "" };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

function result(expected: string | true): readonly unknown[] {
  return [expected === true, expect.stringContaining(expected === true ? "signed by" : expected)];
}

async function judged(
  signer: Issued,
  chain: readonly Issued[],
  settings: object,
  options: { readonly now?: () => Date } = {},
  recorded: number = Date.now(),
): Promise<readonly unknown[]> {
  const signature = sign("sha256", payload, signer.key);
  const annotations = {
    [attachment.signature]: base64(signature),
    [attachment.certificate]: signer.certificate,
    [attachment.chain]: chain.map(({ certificate }) => certificate).join(""),
    [attachment.rekorEntry]: rekorEntry(signer.certificate, signature, recorded),
  };
  const stored = {
    kind: "sigstore",
    mediaType: attachment.payloadType,
    payload,
    annotations,
  } as const;
  const image = imageWith(manifest, [stored], name);
  const decision = await judgeImage(policy({ default: sigstoreSigned(settings) }), image, options);
  return [decision.isAccepted, decision.results[0]?.reason];
}

function rekorEntry(certificate: string, signature: Uint8Array, recorded: number): string {
  const hash = createHash("sha256").update(payload).digest("hex");
  const body = base64(
    JSON.stringify({
      apiVersion: "0.0.1",
      kind: "hashedrekord",
      spec: {
        data: { hash: { algorithm: "sha256", value: hash } },
        signature: { content: base64(signature), publicKey: { content: base64(certificate) } },
      },
    }),
  );
  const entry = { body, integratedTime: Math.floor(recorded / 1000), logID: "id", logIndex: 1 };
  const promise = sign("sha256", Buffer.from(JSON.stringify(entry)), log.privateKey);
  return JSON.stringify({ SignedEntryTimestamp: base64(promise), Payload: entry });
}
