import { createPrivateKey } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { certificateOf, ecKeys, rsaKeys, scratchFolder } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { describe, expect, test } from "vitest";

import { drayage } from "../../drayage.ts";

const [ec, rsa] = [ecKeys(), rsaKeys()];
const copy = ["copy", "--insecure-policy"];
const image = await randomImage("encryption", { layers: 3 });
const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const locked = createPrivateKey(ec.privateKey).export({
  format: "pem",
  type: "pkcs8",
  cipher: "aes-256-cbc",
  passphrase: "a:b c",
});

/** A folder with an image and keys. */
async function prepared() {
  const folder = await scratchFolder();
  const at = (name: string): string => path.join(folder, name);
  await writeImage(image, directory().parseReference(at("from")));
  const files = {
    "ec.pub": ec.publicKey,
    "ec.pem": ec.privateKey,
    "rsa.pub": rsa.publicKey,
    "rsa.pem": rsa.privateKey,
    "locked.pem": locked,
    passphrase: "a:b c\n",
  };
  for (const [name, content] of Object.entries(files)) await writeFile(at(name), content);
  return { at, from: `dir:${at("from")}` };
}

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
}

async function layersIn(folder: string): Promise<readonly Layer[]> {
  const text = await readFile(path.join(folder, "manifest.json"), "utf8");
  return (JSON.parse(text) as { readonly layers: readonly Layer[] }).layers;
}

async function layerTypes(folder: string): Promise<readonly string[]> {
  return (await layersIn(folder)).map(({ mediaType }) => mediaType);
}

test("--encryption-key encrypts layers, and --decryption-key decrypts them", async () => {
  const { at, from } = await prepared();
  await writeFile(at("certificate.pem"), certificateOf(rsa));
  const keys = [`jwe:${at("ec.pub")},jwe:${at("rsa.pub")}`, `pkcs7:${at("certificate.pem")}`];
  const flags = keys.flatMap((key) => ["--encryption-key", key]);
  const encrypted = await drayage(...copy, ...flags, from, `dir:${at("encrypted")}`);
  expect(encrypted).toMatchObject({ code: 0 });
  expect(await layerTypes(at("encrypted"))).toEqual(Array(3).fill(`${gzip}+encrypted`));
  for (const key of ["ec.pem", "rsa.pem"]) {
    const to = `dir:${at(`decrypted-${key}`)}`;
    const { code } = await drayage(
      ...copy,
      "--decryption-key",
      at(key),
      `dir:${at("encrypted")}`,
      to,
    );
    expect(code).toBe(0);
    expect(await layersIn(at(`decrypted-${key}`))).toEqual(await layersIn(at("from")));
  }
});

test("--encrypt-layer selects layers from both ends", async () => {
  const { at, from } = await prepared();
  const flags = ["--encryption-key", `jwe:${at("ec.pub")}`, "--encrypt-layer", "-1"];
  await drayage(...copy, ...flags, "--encrypt-layer=0", from, `dir:${at("to")}`);
  expect(await layerTypes(at("to"))).toEqual([`${gzip}+encrypted`, gzip, `${gzip}+encrypted`]);
  const { code, stderr } = await drayage(...copy, ...flags, "--encrypt-layer=3", from, "dir:x");
  expect([code, stderr]).toEqual([1, expect.stringContaining("no layer 3")]);
});

test("the plan names the layers that are encrypted, and nothing is written", async () => {
  const { at, from } = await prepared();
  const flags = ["--dry-run", "--encryption-key", `jwe:${at("ec.pub")}`];
  const { stdout } = await drayage(...copy, ...flags, from, `dir:${at("to")}`);
  expect(stdout.match(/to encrypt\)/g)).toHaveLength(3);
});

describe("a passphrase is read from", () => {
  test.each([
    ["the flag", ":a:b c"],
    ["the flag with its kind", ":pass=a:b c"],
    ["a file, without its line break", ":file=PASSPHRASE"],
    ["an open file", ":fd=FD"],
  ])("%s", async (_, secret) => {
    const { at, from } = await prepared();
    const key = `jwe:${at("ec.pub")}`;
    await drayage(...copy, "--encryption-key", key, from, `dir:${at("encrypted")}`);
    const fd = openSync(at("passphrase"), "r");
    const text = secret.replace("PASSPHRASE", at("passphrase")).replace("FD", String(fd));
    const names = [`dir:${at("encrypted")}`, `dir:${at("decrypted")}`];
    const flags = ["--decryption-key", `${at("locked.pem")}${text}`];
    const { code, stderr } = await drayage(...copy, ...flags, ...names);
    closeSync(fd);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(await layersIn(at("decrypted"))).toEqual(await layersIn(at("from")));
  });
});

describe("exits with 1", () => {
  test.each<[string, readonly string[], string]>([
    ["with keys for both", ["--encryption-key", "jwe:EC.pub", "--decryption-key", "x"], "together"],
    ["with a layer only", ["--encrypt-layer", "0"], "requires --encryption-key"],
    ["with a layer that is no number", ["--encrypt-layer", "last"], "whole number"],
    ["without a scheme", ["--encryption-key", "EC.pub"], "must be jwe:FILE"],
    ["with pgp", ["--encryption-key", "pgp:me@example.com"], "pgp: is not supported"],
    ["with pkcs11", ["--encryption-key", "pkcs11:token"], "pkcs11: is not supported"],
    ["with a provider", ["--encryption-key", "provider:kms:x"], "provider: is not supported"],
    ["without a file", ["--encryption-key", "jwe:"], "add its path"],
    ["without the file", ["--encryption-key", "jwe:DIR/missing"], "missing cannot be read: ENOENT"],
    ["with a private key", ["--encryption-key", "jwe:DIR/ec.pem"], "ec.pem: The recipient's file"],
    ["with no certificate", ["--encryption-key", "pkcs7:DIR/ec.pub"], "ec.pub: "],
    ["with a public key", ["--decryption-key", "DIR/ec.pub"], "ec.pub: "],
    ["without the passphrase", ["--decryption-key", "DIR/locked.pem"], "pass its passphrase"],
    ["with a wrong fd", ["--decryption-key", "DIR/locked.pem:fd=x"], "fd=3"],
  ])("%s", async (_, flags, message) => {
    const { at, from } = await prepared();
    const named = flags.map((flag) => flag.replace("DIR", at(".")));
    const { code, stderr } = await drayage(...copy, ...named, from, `dir:${at("to")}`);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  test("with a wrong passphrase, which is not printed", async () => {
    const { at, from } = await prepared();
    const flags = ["--decryption-key", `${at("locked.pem")}:hunter2`];
    const { code, stderr } = await drayage(...copy, "--debug", ...flags, from, `dir:${at("to")}`);
    expect(code).toBe(1);
    expect(stderr).toContain("passphrase does not fit");
    expect(stderr).not.toContain("hunter2");
  });

  test("with a key that does not fit, and writes nothing", async () => {
    const { at, from } = await prepared();
    await drayage(
      ...copy,
      "--encryption-key",
      `jwe:${at("ec.pub")}`,
      from,
      `dir:${at("encrypted")}`,
    );
    const names = [`dir:${at("encrypted")}`, `dir:${at("to")}`];
    const { code, stderr } = await drayage(...copy, "--decryption-key", at("rsa.pem"), ...names);
    expect([code, stderr]).toEqual([1, expect.stringContaining("No decryption key fits")]);
    await expect(readFile(path.join(at("to"), "manifest.json"))).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});
