import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { digestOf, formatSignature, imageName } from "@drayage/core";
import { generateSigstoreKey, readSigstoreKey, signSigstore } from "@drayage/signature";
import { findProgram } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const skopeo = findProgram("skopeo");
const gpg = findProgram("gpg");
const command = path.resolve(import.meta.dirname, "../../drayage");
const folder = mkdtempSync(path.join(tmpdir(), "drayage-signing-"));
const home = path.join(folder, "gnupg");
const at = (name: string): string => path.join(folder, name);
const reference = "quay.io/team/app:1.0";
const manifest = Buffer.from('{"schemaVersion":2}');
let fingerprint = "";

beforeAll(() => {
  if (gpg === undefined) return;
  mkdirSync(home, { mode: 0o700 });
  const user = "test <test@example.com>";
  const batch = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "secret"];
  run(gpg, ...batch, "--quick-generate-key", user, "rsa2048", "sign", "never");
  const listed = run(gpg, "--list-keys", "--with-colons");
  fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? "";
  writeFileSync(at("public.gpg"), execFileSync(gpg, ["--export"], { env: environment() }));
  writeFileSync(at("manifest.json"), manifest);
  writeFileSync(at("passphrase"), "secret\n");
});

afterAll(() => {
  if (gpg !== undefined) execFileSync("gpgconf", ["--kill", "all"], { env: environment() });
  rmSync(folder, { recursive: true });
});

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, GNUPGHOME: home };
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { env: environment(), cwd: folder, stdio: "pipe" }).toString();
}

const sign = ["standalone-sign", "--passphrase-file", "passphrase", "-o"];
const verifyArguments = (file: string): readonly string[] => [
  "standalone-verify",
  "manifest.json",
  reference,
  fingerprint,
  file,
];

describe.skipIf(gpg === undefined || skopeo === undefined)("simple signing", () => {
  test("each verifies what the other signs", () => {
    run(command, ...sign, "ours", "manifest.json", reference, fingerprint);
    run(skopeo ?? "", ...sign, "theirs", "manifest.json", reference, fingerprint);
    const verified = `Signature verified using fingerprint ${fingerprint}, digest ${digestOf(manifest)}\n`;
    expect(run(skopeo ?? "", ...verifyArguments("ours"))).toContain(digestOf(manifest));
    expect(run(command, ...verifyArguments("theirs"))).toBe(verified);
    const withFile = ["standalone-verify", "--public-key-file", "public.gpg"];
    expect(run(command, ...withFile, "manifest.json", reference, "any", "theirs")).toBe(verified);
  });

  test("both print the same content of a signature", () => {
    const dump = "untrusted-signature-dump-without-verification";
    const ours = JSON.parse(run(command, dump, "theirs")) as Record<string, unknown>;
    const theirs = JSON.parse(run(skopeo ?? "", dump, "theirs")) as Record<string, unknown>;
    expect(new Date(String(ours["UntrustedTimestamp"]))).toEqual(
      new Date(String(theirs["UntrustedTimestamp"])),
    );
    expect({ ...ours, UntrustedTimestamp: 0 }).toEqual({ ...theirs, UntrustedTimestamp: 0 });
  });

  test.each([
    ["another name", ["standalone-verify", "manifest.json", "quay.io/team/app:2.0"]],
    ["another manifest", ["standalone-verify", "passphrase", reference]],
  ])("a signature for %s is rejected", (_, args) => {
    expect(() => run(command, ...args, fingerprint, "theirs")).toThrow(/The signature is for/);
  });

  test("another key is rejected", () => {
    const args = [
      "standalone-verify",
      "--public-key-file",
      "public.gpg",
      "manifest.json",
      reference,
    ];
    expect(() => run(command, ...args, "0".repeat(40), "theirs")).toThrow(/was made with the key/);
  });

  test("a wrong passphrase is an error", () => {
    writeFileSync(at("wrong"), "wrong\n");
    const wrong = ["standalone-sign", "--passphrase-file", "wrong", "-o", "none"];
    run("gpgconf", "--kill", "gpg-agent");
    expect(() => run(command, ...wrong, "manifest.json", reference, fingerprint)).toThrow(
      /gpg failed/,
    );
  });
});

describe("sigstore", () => {
  // Debian's skopeo 1.9 is built without sigstore.
  test("the policy accepts our signature, and no other", async () => {
    const { publicKey, privateKey } = await generateSigstoreKey("secret");
    const other = await generateSigstoreKey("secret");
    writeFileSync(at("key.pub"), publicKey);
    writeFileSync(at("other.pub"), other.publicKey);
    const image = directory().parseReference(at("image"));
    const written = await randomImage("signed");
    await writeImage(written, image);
    const key = await readSigstoreKey(Buffer.from(privateKey), "secret");
    const claim = { manifestDigest: written.manifest.digest, dockerReference: reference };
    writeFileSync(at("image/signature-1"), formatSignature(signSigstore(claim, key)));
    const copies = ["key.pub", "other.pub"].map((file) => {
      const signedIdentity = { type: "exactReference", dockerReference: reference };
      const requirement = { type: "sigstoreSigned", keyPath: at(file), signedIdentity };
      writeFileSync(at("policy.json"), JSON.stringify({ default: [requirement] }));
      const copy = ["--policy", "policy.json", "copy", "--quiet", imageName(image)];
      return canRun(() => run(command, ...copy, `dir:${at(`copy-${file}`)}`));
    });
    expect(copies).toEqual([true, false]);
  });
});

describe("generate-sigstore-key", () => {
  test("writes a pair that reads back, and replaces nothing", async () => {
    writeFileSync(at("passphrase"), "secret\n");
    const flags = [
      "generate-sigstore-key",
      "--passphrase-file",
      "passphrase",
      "--output-prefix",
      "new",
    ];
    run(command, ...flags);
    const key = await readSigstoreKey(readFileSync(at("new.private")), "secret");
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    await expect(readSigstoreKey(readFileSync(at("new.private")), "other")).rejects.toMatchObject({
      code: "denied",
    });
    expect(() => run(command, ...flags)).toThrow(/new.private exists/);
  });
});

function canRun(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
