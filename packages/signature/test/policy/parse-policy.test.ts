import { isImageError, Transports } from "@drayage/core";
import { isTorture } from "@drayage/test-support";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { parsePolicy } from "../../src/index.ts";
import type { Policy } from "../../src/index.ts";
import { fixtures, folders } from "../fixtures.ts";

const accept = { type: "insecureAcceptAnything" };
const key = Buffer.from("key").toString("base64");
const byKey = { type: "signedBy", keyType: "GPGKeys", keyPath: "/key.gpg" };
const sigstore = { type: "sigstoreSigned", keyPath: "/cosign.pub" };
const fulcio = { caPath: "/ca.pem", oidcIssuer: "https://issuer", subjectEmail: "a@example.com" };
const rekor = { rekorPublicKeyPath: "/rekor.pub" };
const pki = { caRootsPath: "/roots.pem", subjectEmail: "a@example.com" };

describe("a valid requirement", () => {
  const identity = { type: "matchRepoDigestOrExact" };
  test.each([
    [accept, accept],
    [{ type: "reject" }, { type: "reject" }],
    [
      byKey,
      {
        type: "signedBy",
        keyType: "GPGKeys",
        keys: [{ path: "/key.gpg" }],
        signedIdentity: identity,
      },
    ],
    [
      {
        type: "signedBy",
        keyType: "X509Certificates",
        keyPaths: ["/a", "/b"],
        signedIdentity: { type: "matchExact" },
      },
      {
        type: "signedBy",
        keyType: "X509Certificates",
        keys: [{ path: "/a" }, { path: "/b" }],
        signedIdentity: { type: "matchExact" },
      },
    ],
    [
      { type: "signedBy", keyType: "GPGKeys", keyData: key },
      {
        type: "signedBy",
        keyType: "GPGKeys",
        keys: [{ data: Buffer.from("key") }],
        signedIdentity: identity,
      },
    ],
    [
      {
        type: "signedBaseLayer",
        baseLayerIdentity: { type: "exactRepository", dockerRepository: "a.com/b" },
      },
      {
        type: "signedBaseLayer",
        baseLayerIdentity: { type: "exactRepository", dockerRepository: "a.com/b" },
      },
    ],
    [
      sigstore,
      {
        type: "sigstoreSigned",
        signer: { kind: "keys", keys: [{ path: "/cosign.pub" }] },
        rekorPublicKeys: [],
        signedIdentity: identity,
      },
    ],
    [
      { type: "sigstoreSigned", keyDatas: [key, key], ...rekor },
      {
        type: "sigstoreSigned",
        signer: {
          kind: "keys",
          keys: [{ data: Buffer.from("key") }, { data: Buffer.from("key") }],
        },
        rekorPublicKeys: [{ path: "/rekor.pub" }],
        signedIdentity: identity,
      },
    ],
    [
      { type: "sigstoreSigned", fulcio, ...rekor },
      {
        type: "sigstoreSigned",
        signer: {
          kind: "fulcio",
          ca: { path: "/ca.pem" },
          oidcIssuer: "https://issuer",
          subjectEmail: "a@example.com",
        },
        rekorPublicKeys: [{ path: "/rekor.pub" }],
        signedIdentity: identity,
      },
    ],
    [
      { type: "sigstoreSigned", pki: { ...pki, caIntermediatesData: key, subjectHostname: "h" } },
      {
        type: "sigstoreSigned",
        signer: {
          kind: "pki",
          roots: { path: "/roots.pem" },
          intermediates: { data: Buffer.from("key") },
          subjectEmail: "a@example.com",
          subjectHostname: "h",
        },
        rekorPublicKeys: [],
        signedIdentity: identity,
      },
    ],
  ])("%j", (input, expected) => {
    expect(parsed({ default: [input] }).default).toEqual([expected]);
  });

  test.each([
    { type: "exactReference", dockerReference: "a.com/b:1" },
    { type: "exactRepository", dockerRepository: "a.com/b" },
    { type: "remapIdentity", prefix: "a.com", signedPrefix: "b.com:5000/ns" },
    { type: "remapIdentity", prefix: "localhost", signedPrefix: "ns/name" },
    { type: "matchSubjectDigest", repositories: ["a.com", "a.com/ns", "docker.io/library/alpine"] },
  ])("identity %j", (signedIdentity) => {
    const [requirement] = parsed({ default: [{ ...byKey, signedIdentity }] }).default;
    expect(requirement).toMatchObject({ signedIdentity });
  });
});

const invalid: readonly (readonly [unknown, string])[] = [
  [{}, "default is missing"],
  [{ default: [] }, "default must be a list with at least one requirement"],
  [{ default: null }, "default must be a list"],
  [{ default: accept }, "default must be a list"],
  [{ default: [accept], transports: null }, "transports must be a JSON object"],
  [{ default: [accept], transports: [] }, "transports must be a JSON object"],
  [{ default: [accept], transport: {} }, "transport is not a known field"],
  [{ default: [accept], Transports: {} }, "is read as transports"],
  [
    { default: [accept], transports: { docker: [accept] } },
    "transports.docker must be a JSON object",
  ],
  [
    { default: [accept], transports: { docker: { "a.com": [] } } },
    'transports.docker["a.com"] must be a list',
  ],
  [
    { default: [accept], transports: { dir: { relative: [accept] } } },
    "transports.dir.relative is not a scope",
  ],
  [{ default: [accept, { ...accept, note: 1 }] }, "default[1].note is not a known field"],
  [{ default: [{ Type: "reject" }] }, "default[0].type is missing"],
  [{ default: [{ type: "accept" }] }, "is not a known requirement"],
  [{ default: [{ type: 1 }] }, "default[0].type must be a non-empty text"],
  [{ default: ["reject"] }, "default[0] must be a JSON object"],
  [{ default: [{ ...byKey, keyType: "GPG" }] }, "default[0].keyType must be one of"],
  [
    { default: [{ ...byKey, keyData: key }] },
    "must have exactly one of keyPath, keyPaths, keyData, but has several",
  ],
  [{ default: [{ type: "signedBy", keyType: "GPGKeys" }] }, "but has none"],
  [{ default: [{ ...byKey, keyPath: "" }] }, "default[0].keyPath must be a non-empty text"],
  [{ default: [{ ...byKey, keyPath: null }] }, "default[0].keyPath must be a non-empty text"],
  [
    { default: [{ type: "signedBy", keyType: "GPGKeys", keyPaths: [] }] },
    "default[0].keyPaths must be a list",
  ],
  [
    { default: [{ type: "signedBy", keyType: "GPGKeys", keyPaths: [1] }] },
    "default[0].keyPaths[0] must be",
  ],
  [
    { default: [{ type: "signedBy", keyType: "GPGKeys", keyData: "!" }] },
    "default[0].keyData must be base64",
  ],
  [{ default: [{ ...byKey, keyDatas: [key] }] }, "default[0].keyDatas is not a known field"],
  [
    { default: [{ ...byKey, signedIdentity: null }] },
    "default[0].signedIdentity must be a JSON object",
  ],
  [{ default: [{ ...byKey, signedIdentity: { type: "matchAny" } }] }, "is not a known match"],
  [
    { default: [{ ...byKey, signedIdentity: { type: "matchExact", x: 1 } }] },
    "signedIdentity.x is not a known field",
  ],
  [
    {
      default: [
        { ...byKey, signedIdentity: { type: "exactReference", dockerReference: "a.com/b" } },
      ],
    },
    "must have a tag or a digest",
  ],
  [
    { default: [{ ...byKey, signedIdentity: { type: "exactReference", dockerReference: "A" } }] },
    "dockerReference is invalid",
  ],
  [
    {
      default: [
        { ...byKey, signedIdentity: { type: "exactRepository", dockerRepository: "a.com/b:1" } },
      ],
    },
    "must not have a tag or a digest",
  ],
  [
    {
      default: [
        {
          ...byKey,
          signedIdentity: { type: "remapIdentity", prefix: "a.com/b:1", signedPrefix: "b.com" },
        },
      ],
    },
    "must not have a tag",
  ],
  [
    { default: [{ ...byKey, signedIdentity: { type: "remapIdentity", prefix: "a.com" } }] },
    "signedPrefix is missing",
  ],
  [
    {
      default: [
        { ...byKey, signedIdentity: { type: "matchSubjectDigest", repositories: ["alpine"] } },
      ],
    },
    "must be a full name",
  ],
  [
    { default: [{ ...byKey, signedIdentity: { type: "matchSubjectDigest", repositories: [] } }] },
    "repositories must be a list",
  ],
  [{ default: [{ ...sigstore, fulcio, ...rekor }] }, "but has several"],
  [{ default: [{ type: "sigstoreSigned" }] }, "but has none"],
  [{ default: [{ type: "sigstoreSigned", fulcio }] }, "must have one of rekorPublicKeyPath"],
  [
    { default: [{ type: "sigstoreSigned", pki, ...rekor }] },
    "must not have any of rekorPublicKeyPath",
  ],
  [
    { default: [{ ...sigstore, ...rekor, rekorPublicKeyData: key }] },
    "must have at most one of rekorPublicKeyPath",
  ],
  [
    { default: [{ type: "sigstoreSigned", fulcio: { ...fulcio, caData: key }, ...rekor }] },
    "fulcio must have exactly one of caPath, caData",
  ],
  [
    { default: [{ type: "sigstoreSigned", fulcio: { ...fulcio, oidcIssuer: "" }, ...rekor }] },
    "fulcio.oidcIssuer must be",
  ],
  [
    { default: [{ type: "sigstoreSigned", fulcio: { caPath: "/ca", oidcIssuer: "i" }, ...rekor }] },
    "fulcio.subjectEmail is missing",
  ],
  [
    { default: [{ type: "sigstoreSigned", fulcio: { ...fulcio, san: "x" }, ...rekor }] },
    "fulcio.san is not a known field",
  ],
  [
    { default: [{ type: "sigstoreSigned", pki: { caRootsPath: "/r" } }] },
    "must have subjectEmail or subjectHostname",
  ],
  [
    {
      default: [
        {
          type: "sigstoreSigned",
          pki: { ...pki, caIntermediatesPath: "/i", caIntermediatesData: key },
        },
      ],
    },
    "pki must have at most one of",
  ],
];

test.each(invalid)("rejects %j: %s", (document, message) => {
  expect(() => parsed(document)).toThrow(
    expect.objectContaining({ code: "untrusted", message: expect.stringContaining(message) }),
  );
});

test.each([
  ["", "not JSON"],
  ["[]", "must be a JSON object"],
  ['{"default":[{"type":"reject"}]} {}', "not JSON"],
  [
    '{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}',
    "appears twice",
  ],
  ['{"default":[{"type":"reject","type":"insecureAcceptAnything"}]}', "appears twice"],
  [
    '{"default":[{"type":"reject"}],"transports":{"docker":{"a.com":[{"type":"reject"}],"a.com":[{"type":"insecureAcceptAnything"}]}}}',
    "appears twice",
  ],
  ['{"default":[{"type":"reject"}],"transports":{"docker":{},"docker":{}}}', "appears twice"],
])("rejects ambiguous JSON: %s", (text, message) => {
  expect(() => parsePolicy(Buffer.from(text))).toThrow(message);
});

test("accepts scopes that differ in case, and transports that are not installed", () => {
  const { transports } = parsed({
    default: [accept],
    transports: {
      other: { "A.com": [accept], "a.com": [{ type: "reject" }] },
      dir: { "": [accept] },
    },
  });
  expect(transports.get("other")?.get("a.com")).toEqual([{ type: "reject" }]);
  expect([...transports.keys()]).toEqual(["other", "dir"]);
});

test.skipIf(!fixtures.exist)("parses the policy of containers/image's tests", () => {
  const { transports } = parsePolicy(fixtures.read("policy.json"));
  expect(transports.get("docker")?.size).toBe(14);
});

test("no mutation of a policy that rejects everything accepts something", () => {
  const text = JSON.stringify({
    default: [{ type: "reject" }],
    transports: { docker: { "a.com": [byKey] } },
  });
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.nat(3),
      fc.string({ maxLength: 3 }),
      (at, removed, added) => {
        const mutated = text.slice(0, at) + added + text.slice(at + removed);
        const policy = parsedOrUndefined(mutated);
        if (policy === undefined) return;
        const all = [
          policy.default,
          ...[...policy.transports.values()].flatMap((scopes) => [...scopes.values()]),
        ];
        expect(all.flat().every(({ type }) => type === "reject" || type === "signedBy")).toBe(true);
      },
    ),
    { numRuns: isTorture ? 100_000 : 1000 },
  );
});

function parsed(document: unknown): Policy {
  const transports = new Transports([folders]);
  return parsePolicy(Buffer.from(JSON.stringify(document)), { transports });
}

function parsedOrUndefined(text: string): Policy | undefined {
  try {
    return parsePolicy(Buffer.from(text));
  } catch (error) {
    if (isImageError(error, "untrusted")) return undefined;
    throw error;
  }
}
