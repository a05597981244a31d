import { writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import type { ImageManifest } from "@drayage/core/manifest";
import { layerDecrypter, layerEncrypter } from "@drayage/encryption";
import type { Recipient } from "@drayage/encryption";
import {
  certificateOf,
  ecKeys,
  findProgram,
  opensslProgram,
  outputOf,
  rsaKeys,
  scratchFolder,
} from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { describe, expect, test } from "vitest";

const transport = ociLayout();
const skopeo = findProgram("skopeo");
const [rsa, ec] = [rsaKeys(), ecKeys()];
const certificate = certificateOf(rsa);
const files = {
  "rsa.pub": rsa.publicKey,
  "ec.pub": ec.publicKey,
  "rsa.pem": rsa.privateKey,
  "ec.pem": ec.privateKey,
  "certificate.pem": certificate,
};

/** A folder with the keys. */
async function keyFolder(): Promise<string> {
  const folder = await scratchFolder();
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(folder, name), content);
  return folder;
}

describe.skipIf(skopeo === undefined)("skopeo", () => {
  const copy = async (...args: readonly string[]) =>
    outputOf(skopeo ?? "", "--insecure-policy", "copy", "--quiet", ...args);
  const theirKeys: readonly (readonly [string, readonly string[], string])[] = [
    ["an RSA key", ["jwe:rsa.pub"], rsa.privateKey],
    ["an EC key", ["jwe:ec.pub"], ec.privateKey],
    ["a certificate", ["pkcs7:certificate.pem"], rsa.privateKey],
    ["both keys", ["jwe:rsa.pub", "jwe:ec.pub"], ec.privateKey],
  ];

  test.each(theirKeys)("encrypts for %s, and Drayage decrypts", async (_, names, privateKey) => {
    const folder = await keyFolder();
    const image = await randomImage("theirs", { compression: ["gzip", "zstd"] });
    await writeImage(image, transport.parseReference(`${folder}/plain:v1`));
    const flags = names.flatMap((name) => {
      const [scheme = "", file = ""] = name.split(":");
      return ["--encryption-key", `${scheme}:${path.join(folder, file)}`];
    });
    await copy(...flags, `oci:${folder}/plain:v1`, `oci:${folder}/encrypted:v1`);
    const decrypted = transport.parseReference(`${folder}/decrypted:v1`);
    await copyImage(transport.parseReference(`${folder}/encrypted:v1`), decrypted, {
      decryption: layerDecrypter({ keys: [{ privateKey }] }),
    });
    await assertLayers(decrypted, image);
  });

  test("reads PKCS #7 data with the structure that Drayage writes", async () => {
    const folder = await keyFolder();
    const image = await randomImage("structure", { layers: 1 });
    const plain = `${folder}/plain:v1`;
    await writeImage(image, transport.parseReference(plain));
    const key = `pkcs7:${path.join(folder, "certificate.pem")}`;
    await copy("--encryption-key", key, `oci:${plain}`, `oci:${folder}/theirs:v1`);
    const encrypter = layerEncrypter({ recipients: [{ scheme: "pkcs7", certificate }] });
    const ours = transport.parseReference(`${folder}/ours:v1`);
    await copyImage(transport.parseReference(plain), ours, { encryption: { encrypter } });
    const theirs = transport.parseReference(`${folder}/theirs:v1`);
    const structures = [ours, theirs].map(async (reference) => structureOf(reference, folder));
    const [our, their] = await Promise.all(structures);
    expect(our).toContain("pkcs7-envelopedData");
    expect(our).toBe(their);
  });

  const ourKeys: readonly (readonly [string, readonly Recipient[], string])[] = [
    ["an RSA key", [{ scheme: "jwe", publicKey: rsa.publicKey }], "rsa.pem"],
    ["an EC key", [{ scheme: "jwe", publicKey: ec.publicKey }], "ec.pem"],
    [
      "both keys and a certificate",
      [
        { scheme: "jwe", publicKey: rsa.publicKey },
        { scheme: "jwe", publicKey: ec.publicKey },
        { scheme: "pkcs7", certificate },
      ],
      "ec.pem",
    ],
  ];

  test.each(ourKeys)("decrypts what Drayage encrypted for %s", async (_, recipients, key) => {
    const folder = await keyFolder();
    const image = await randomImage("ours", { compression: ["gzip", "zstd"] });
    await writeImage(image, transport.parseReference(`${folder}/plain:v1`));
    await copyImage(
      transport.parseReference(`${folder}/plain:v1`),
      transport.parseReference(`${folder}/encrypted:v1`),
      { encryption: { encrypter: layerEncrypter({ recipients }), layers: [0, -1] } },
    );
    const from = `oci:${folder}/encrypted:v1`;
    await copy("--decryption-key", path.join(folder, key), from, `oci:${folder}/decrypted:v1`);
    await assertLayers(transport.parseReference(`${folder}/decrypted:v1`), image);
  });
});

/** The types, lengths and object identifiers in the wrapped key of the first layer, without keys and encrypted bytes. */
async function structureOf(
  reference: ReturnType<typeof transport.parseReference>,
  folder: string,
): Promise<string> {
  await using source = await reference.newImageSource();
  const { layers } = parseManifest(await source.getManifest()) as ImageManifest;
  const wrapped = layers[0]?.annotations?.["org.opencontainers.image.enc.keys.pkcs7"] ?? "";
  const file = path.join(folder, `${encodeURIComponent(reference.stringWithinTransport)}.der`);
  await writeFile(file, Buffer.from(wrapped, "base64"));
  const parse = ["asn1parse", "-inform", "DER", "-in", file];
  const text = await outputOf(opensslProgram ?? "openssl", ...parse);
  return text.replaceAll(/\[HEX DUMP\]:\w+/g, "bytes");
}

/** Fails unless the image has the same blobs. skopeo formats manifests in its own way. */
async function assertLayers(
  reference: ReturnType<typeof transport.parseReference>,
  image: Awaited<ReturnType<typeof randomImage>>,
): Promise<void> {
  await using source = await reference.newImageSource();
  const written = parseManifest(await source.getManifest()) as ImageManifest;
  const expected = parseManifest(image.manifest) as ImageManifest;
  const partsOf = ({ layers }: ImageManifest) =>
    layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType }));
  expect(partsOf(written)).toEqual(partsOf(expected));
  await copyImage(reference, transport.parseReference(`${await scratchFolder()}/verified:v1`));
}
