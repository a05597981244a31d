import { createPrivateKey, createPublicKey } from "node:crypto";

import { certificateOf, ecKeys, rsaKeys } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { layerDecrypter, layerEncrypter } from "../src/index.ts";
import type { DecryptionKey, Recipient } from "../src/index.ts";
import { content, decrypt, encrypt, encryptWith } from "./encrypted-layer.ts";

const [rsa, ec, other] = [rsaKeys(), ecKeys(), ecKeys()];
const certificate = certificateOf(rsa);

describe("each recipient decrypts a layer", () => {
  const jwk = (alg: string) =>
    JSON.stringify({ ...createPublicKey(rsa.publicKey).export({ format: "jwk" }), alg });
  const recipients: readonly (readonly [string, Recipient, string])[] = [
    ["RSA", { scheme: "jwe", publicKey: rsa.publicKey }, rsa.privateKey],
    ["EC P-256", { scheme: "jwe", publicKey: ec.publicKey }, ec.privateKey],
    ["a JWK with RSA-OAEP-256", { scheme: "jwe", publicKey: jwk("RSA-OAEP-256") }, rsa.privateKey],
    ["the key of a certificate", { scheme: "jwe", publicKey: certificate }, rsa.privateKey],
    ["a certificate", { scheme: "pkcs7", certificate }, rsa.privateKey],
  ];

  test.each(recipients)("with %s", async (_, recipient, privateKey) => {
    const encrypted = await encrypt([recipient]);
    expect(encrypted.bytes.includes("the files")).toBe(false);
    expect(await decrypt(encrypted, [{ privateKey }])).toEqual(content);
  });

  test("of several, in both schemes", async () => {
    const encrypted = await encrypt([
      { scheme: "jwe", publicKey: other.publicKey },
      { scheme: "jwe", publicKey: ec.publicKey },
      { scheme: "pkcs7", certificate },
    ]);
    for (const { privateKey } of [ec, other, rsa])
      expect(await decrypt(encrypted, [{ privateKey }])).toEqual(content);
  });
});

test.each(["P-384", "P-521"])("%s keys decrypt", async (curve) => {
  const keys = ecKeys(curve);
  const encrypted = await encrypt([{ scheme: "jwe", publicKey: keys.publicKey }]);
  expect(await decrypt(encrypted, [keys])).toEqual(content);
});

test("an empty layer is authenticated too", async () => {
  const encrypted = await encrypt([{ scheme: "jwe", publicKey: ec.publicKey }], Buffer.alloc(0));
  expect(await decrypt(encrypted, [ec])).toEqual(Buffer.alloc(0));
  const longer = { ...encrypted, bytes: Buffer.from("x") };
  await expect(decrypt(longer, [ec])).rejects.toMatchObject({ code: "digest-mismatch" });
});

test("two layers never share a key", async () => {
  const recipients: readonly Recipient[] = [{ scheme: "jwe", publicKey: ec.publicKey }];
  const encrypter = layerEncrypter({ recipients });
  const [first, second] = [await encryptWith(encrypter), await encryptWith(encrypter)];
  expect(first.bytes.equals(second.bytes)).toBe(false);
});

describe("private keys are read", () => {
  const pem = createPrivateKey(rsa.privateKey);
  const cipher = { cipher: "aes-256-cbc", passphrase: "secret" };
  const forms: readonly (readonly [string, DecryptionKey])[] = [
    ["as a JWK", { privateKey: JSON.stringify(pem.export({ format: "jwk" })) }],
    ["in PKCS #8, DER", { privateKey: pem.export({ format: "der", type: "pkcs8" }) }],
    ["in PKCS #1, DER", { privateKey: pem.export({ format: "der", type: "pkcs1" }) }],
    ["in PKCS #1, PEM", { privateKey: pem.export({ format: "pem", type: "pkcs1" }) }],
    [
      "with a passphrase",
      {
        privateKey: pem.export({ format: "pem", type: "pkcs8", ...cipher }),
        passphrase: "secret",
      },
    ],
  ];

  test.each(forms)("%s", async (_, key) => {
    const encrypted = await encrypt([{ scheme: "jwe", publicKey: rsa.publicKey }]);
    expect(await decrypt(encrypted, [key])).toEqual(content);
  });

  test("but not without the passphrase or with a wrong one, which no message contains", () => {
    const privateKey = pem.export({ format: "pem", type: "pkcs8", ...cipher });
    const denied = { code: "denied", message: expect.not.stringContaining("hunter2") };
    expect(() => layerDecrypter({ keys: [{ privateKey }] })).toThrow(
      expect.objectContaining({ code: "denied" }),
    );
    expect(() => layerDecrypter({ keys: [{ privateKey, passphrase: "hunter2" }] })).toThrow(
      expect.objectContaining(denied),
    );
  });
});

describe("keys that cannot be used are rejected", () => {
  const ed25519 = createPublicKey(ecKeys("P-256").publicKey);
  const secp256k1 = ecKeys("secp256k1");
  const small = rsaKeys(1024);
  const recipients: readonly (readonly [string, Recipient])[] = [
    ["a private key instead of a public one", { scheme: "jwe", publicKey: rsa.privateKey }],
    [
      "a private JWK",
      {
        scheme: "jwe",
        publicKey: JSON.stringify(createPrivateKey(ec.privateKey).export({ format: "jwk" })),
      },
    ],
    ["a small RSA key", { scheme: "jwe", publicKey: small.publicKey }],
    ["another curve", { scheme: "jwe", publicKey: secp256k1.publicKey }],
    ["no key at all", { scheme: "jwe", publicKey: "hello" }],
    ["a key instead of a certificate", { scheme: "pkcs7", certificate: rsa.publicKey }],
    ["a certificate with an EC key", { scheme: "pkcs7", certificate: certificateOf(ec) }],
    ...["dir", "none", "RSA1_5", "A256KW", "ECDH-ES"].map(
      (alg) =>
        [
          `a JWK with ${alg}`,
          {
            scheme: "jwe",
            publicKey: JSON.stringify({ ...ed25519.export({ format: "jwk" }), alg }),
          },
        ] as const,
    ),
  ];

  test.each(recipients)("%s", (_, recipient) => {
    expect(() => layerEncrypter({ recipients: [recipient] })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });

  test.each([
    ["a small RSA key", small.privateKey],
    ["another curve", secp256k1.privateKey],
    ["a public key", rsa.publicKey],
    ["an OpenPGP key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n"],
    ["no key at all", "hello"],
  ])("to decrypt: %s", (_, privateKey) => {
    expect(() => layerDecrypter({ keys: [{ privateKey }] })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });

  test("no recipient", () => {
    expect(() => layerEncrypter({ recipients: [] })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });
});
