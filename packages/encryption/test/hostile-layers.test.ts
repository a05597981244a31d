import { createPublicKey } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { ImageErrorCode } from "@drayage/core";
import { certificateOf, ecKeys, rsaKeys } from "@drayage/test-support";
import { FlattenedEncrypt } from "jose";
import { describe, expect, test } from "vitest";

import { layerDecrypter, layerEncrypter } from "../src/index.ts";
import { content, decrypt, descriptorOf, encrypt } from "./encrypted-layer.ts";
import type { EncryptedTestLayer } from "./encrypted-layer.ts";

const [ec, rsa, stranger] = [ecKeys(), rsaKeys(), ecKeys()];
const jweName = "org.opencontainers.image.enc.keys.jwe";
const pkcs7Name = "org.opencontainers.image.enc.keys.pkcs7";
const optionsName = "org.opencontainers.image.enc.pubopts";
const layer = await encrypt([{ scheme: "jwe", publicKey: ec.publicKey }]);
const other = await encrypt([{ scheme: "jwe", publicKey: ec.publicKey }]);
const pkcs7Layer = await encrypt([{ scheme: "pkcs7", certificate: certificateOf(rsa) }]);

describe("bytes that are not authentic fail", () => {
  const flipped = Buffer.from(layer.bytes);
  flipped[5000] = (flipped[5000] ?? 0) ^ 1;
  const cases: readonly (readonly [string, EncryptedTestLayer])[] = [
    ["a flipped bit", { ...layer, bytes: flipped }],
    ["the last byte cut", { ...layer, bytes: layer.bytes.subarray(0, -1) }],
    ["everything cut", { ...layer, bytes: Buffer.alloc(0) }],
    ["a byte added", { ...layer, bytes: Buffer.concat([layer.bytes, Buffer.from("x")]) }],
    ["the bytes of another layer", { ...layer, bytes: other.bytes }],
    [
      "the HMAC of another layer",
      { ...layer, annotations: annotationsWith(optionsName, other.annotations[optionsName]) },
    ],
    [
      "the key of another layer",
      { ...layer, annotations: annotationsWith(jweName, other.annotations[jweName]) },
    ],
  ];

  test.each(cases)("%s", async (_, changed) => {
    await expect(decrypt(changed, [ec])).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  test("and the last chunk is not passed on", async () => {
    const changed = {
      ...layer,
      annotations: annotationsWith(optionsName, other.annotations[optionsName]),
    };
    const bytes = await layerDecrypter({ keys: [ec] }).decrypt(
      parts(layer.bytes, 4),
      descriptorOf(changed),
    );
    const received: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of bytes) received.push(chunk);
    })();
    await expect(reading).rejects.toBeInstanceOf(ImageError);
    expect(received).toHaveLength(3);
  });

  test("and an error of the source passes through", async () => {
    const failure = new Error("the connection broke");
    const bytes = await layerDecrypter({ keys: [ec] }).decrypt(
      failing(layer.bytes, failure),
      descriptorOf(layer),
    );
    await expect(Array.fromAsync(bytes)).rejects.toBe(failure);
    const encrypted = layerEncrypter({
      recipients: [{ scheme: "jwe", publicKey: ec.publicKey }],
    }).encrypt(failing(content, failure));
    await expect(Array.fromAsync(encrypted.bytes)).rejects.toBe(failure);
    await expect(encrypted.annotations()).rejects.toThrow("not read to its end");
  });
});

describe("a key that does not fit is denied", () => {
  test.each([
    ["of another EC recipient", layer, stranger],
    ["of another type", layer, rsa],
    ["for pkcs7, of another RSA recipient", pkcs7Layer, rsaKeys()],
    ["for pkcs7, of another type", pkcs7Layer, ec],
  ])("%s", async (_, encrypted, key) => {
    await expect(decrypt(encrypted, [key])).rejects.toMatchObject({ code: "denied" });
  });

  test("but the others are tried", async () => {
    expect(await decrypt(layer, [stranger, rsa, ec])).toEqual(content);
    expect(await decrypt(pkcs7Layer, [ec, rsaKeys(), rsa])).toEqual(content);
  });
});

describe("annotations are rejected", () => {
  const options = (changes: Record<string, unknown>) =>
    base64(JSON.stringify({ ...optionsOf(layer), ...changes }));
  const jwe = (changes: Record<string, unknown>) =>
    base64(JSON.stringify({ ...jweOf(layer), ...changes }));
  const header = (fields: Record<string, unknown>) =>
    Buffer.from(JSON.stringify(fields)).toString("base64url");
  const key = layer.annotations[jweName] ?? "";
  const recipients = (jweOf(layer)["recipients"] ?? []) as readonly unknown[];
  const cases: readonly (readonly [string, ImageErrorCode, string, string | undefined])[] = [
    ["without a key", "invalid-manifest", jweName, undefined],
    ["without options", "invalid-manifest", optionsName, undefined],
    ["with options that are not base64", "invalid-manifest", optionsName, "{}"],
    ["with a line break in base64", "invalid-manifest", optionsName, `${options({})}\n`],
    ["with options that are no object", "invalid-manifest", optionsName, base64("null")],
    ["with another cipher", "unsupported", optionsName, options({ cipher: "AES_128_CBC" })],
    ["without a cipher", "unsupported", optionsName, options({ cipher: undefined })],
    ["with a short HMAC", "invalid-manifest", optionsName, options({ hmac: base64("short") })],
    ["with an empty HMAC", "invalid-manifest", optionsName, options({ hmac: "" })],
    ["without an HMAC", "invalid-manifest", optionsName, options({ hmac: null })],
    [
      "with two HMACs",
      "invalid-manifest",
      optionsName,
      base64(JSON.stringify(optionsOf(layer)).replace("{", '{"HMAC":"",')),
    ],
    ["that are huge", "invalid-manifest", jweName, `${key},${"A".repeat(600_000)}`],
    ["with options that are huge", "invalid-manifest", optionsName, "A".repeat(600_000)],
    ["with many keys", "invalid-manifest", jweName, Array(65).fill(key).join(",")],
    ["with a trailing comma", "invalid-manifest", jweName, `${base64("x")},`],
    ["with a key that is not base64", "invalid-manifest", jweName, "!"],
    ["with a key that is not JSON", "invalid-manifest", jweName, base64("hello")],
    [
      "with a compressed key",
      "invalid-manifest",
      jweName,
      jwe({ protected: header({ enc: "A256GCM", zip: "DEF" }) }),
    ],
    [
      "with a compressed key in an unprotected header",
      "invalid-manifest",
      jweName,
      jwe({ unprotected: { zip: "DEF" } }),
    ],
    [
      "with many recipients",
      "invalid-manifest",
      jweName,
      jwe({ recipients: Array(257).fill(recipients[0]) }),
    ],
    [
      "with another content encryption",
      "denied",
      jweName,
      jwe({ protected: header({ enc: "A128CBC-HS256" }) }),
    ],
    ...["dir", "none", "PBES2-HS256+A128KW", "A256KW", "RSA1_5"].map(
      (alg) =>
        [
          `with the algorithm ${alg}`,
          "denied",
          jweName,
          jwe({ recipients: [{ header: { alg }, encrypted_key: "AAAA" }] }),
        ] as const,
    ),
  ];

  test.each(cases)("%s", async (_, code, name, value) => {
    const changed = { ...layer, annotations: annotationsWith(name, value) };
    await expect(decrypt(changed, [ec, rsa])).rejects.toMatchObject({ code });
  });

  test.each([
    ["ECDH-ES", "A256GCM", "denied"],
    ["ECDH-ES+A256KW", "A128GCM", "denied"],
    ["ECDH-ES+A256KW", "A256CBC-HS512", "denied"],
    // Accepted: only the HMAC shows that the key is another one.
    ["ECDH-ES+A128KW", "A256GCM", "digest-mismatch"],
  ])("with a well-formed key by %s and %s: %s", async (alg, enc, code) => {
    const symkey = Buffer.alloc(32).toString("base64");
    const nonce = Buffer.alloc(16).toString("base64");
    const secret = JSON.stringify({ symkey, cipheroptions: { nonce } });
    const wrapped = await new FlattenedEncrypt(Buffer.from(secret))
      .setProtectedHeader({ alg, enc })
      .encrypt(createPublicKey(ec.publicKey));
    const annotations = annotationsWith(jweName, base64(JSON.stringify(wrapped)));
    await expect(decrypt({ ...layer, annotations }, [ec])).rejects.toMatchObject({ code });
  });

  test.each([
    ["a short key", { symkey: base64("short"), cipheroptions: { nonce: base64("x".repeat(16)) } }],
    ["a short nonce", { symkey: base64("x".repeat(32)), cipheroptions: { nonce: base64("x") } }],
    ["no nonce", { symkey: base64("x".repeat(32)) }],
    ["no object", []],
  ])("with a wrapped key that contains %s", async (_, secret) => {
    const wrapped = await new FlattenedEncrypt(Buffer.from(JSON.stringify(secret)))
      .setProtectedHeader({ alg: "ECDH-ES+A256KW", enc: "A256GCM" })
      .encrypt(createPublicKey(ec.publicKey));
    const annotations = annotationsWith(jweName, base64(JSON.stringify(wrapped)));
    await expect(decrypt({ ...layer, annotations }, [ec])).rejects.toMatchObject({
      code: "invalid-manifest",
    });
  });

  test.each(["pgp", "pkcs11", "provider.kms"])("that only %s can unwrap", async (scheme) => {
    const { [jweName]: wrapped = "", ...rest } = layer.annotations;
    const annotations = { ...rest, [`org.opencontainers.image.enc.keys.${scheme}`]: wrapped };
    await expect(decrypt({ ...layer, annotations }, [ec])).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(scheme),
    });
  });

  test("but not those of other schemes beside a key that fits", async () => {
    const annotations = annotationsWith("org.opencontainers.image.enc.keys.pgp", "unreadable");
    expect(await decrypt({ ...layer, annotations }, [ec])).toEqual(content);
  });
});

describe("PKCS #7 data is rejected", () => {
  const whole = Buffer.from(pkcs7Layer.annotations[pkcs7Name] ?? "", "base64");

  test("cut at every position, with a code", async () => {
    for (let end = 0; end < whole.byteLength; end += 7)
      await expect(decryptWith(whole.subarray(0, end))).rejects.toBeInstanceOf(ImageError);
  });

  test("with any byte changed, and never accepted", async () => {
    // One byte each stands for the 256 bytes of the wrapped key and for the encrypted content.
    const start = whole.indexOf(Buffer.from([0x04, 0x82, 0x01, 0x00])) + 4;
    for (let at = 0; at < whole.byteLength; at++) {
      if ((at > start && at < start + 255) || at > whole.byteLength - 200) continue;
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      const isHarmless = await decryptWith(changed).then(
        (decrypted) => decrypted.equals(content),
        (error: unknown) => error instanceof ImageError,
      );
      expect(isHarmless, `byte ${at}`).toBe(true);
    }
  });

  test("with a byte after its end", async () => {
    const longer = Buffer.concat([whole, Buffer.from([0])]);
    await expect(decryptWith(longer)).rejects.toMatchObject({ code: "invalid-manifest" });
  });

  test("nested 100,000 levels deep", async () => {
    const nested = Buffer.alloc(200_000, Buffer.from([0x30, 0x80]));
    await expect(decryptWith(nested)).rejects.toMatchObject({ code: "invalid-manifest" });
  });

  async function decryptWith(bytes: Buffer): Promise<Buffer> {
    const annotations = { ...pkcs7Layer.annotations, [pkcs7Name]: bytes.toString("base64") };
    return decrypt({ ...pkcs7Layer, annotations }, [rsa]);
  }
});

function annotationsWith(
  name: string,
  value: string | undefined,
): Readonly<Record<string, string>> {
  const { [name]: _, ...rest } = layer.annotations;
  return value === undefined ? rest : { ...rest, [name]: value };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function optionsOf({ annotations }: EncryptedTestLayer): Record<string, unknown> {
  return JSON.parse(Buffer.from(annotations[optionsName] ?? "", "base64").toString()) as never;
}

function jweOf({ annotations }: EncryptedTestLayer): Record<string, unknown> {
  return JSON.parse(Buffer.from(annotations[jweName] ?? "", "base64").toString()) as never;
}

async function* parts(bytes: Buffer, count: number): AsyncGenerator<Uint8Array> {
  const size = Math.ceil(bytes.byteLength / count);
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function* failing(bytes: Buffer, error: Error): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 100);
  throw error;
}
