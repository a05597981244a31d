import type { UnparsedImage } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { judgeImage, policy, signaturePolicy, signedBy, sigstoreSigned } from "../../src/index.ts";
import type { IdentityMatch, PolicyRequirement } from "../../src/index.ts";
import { fixtureImage, fixtures, imageWith, keyFingerprint } from "../fixtures.ts";

/** The docker reference in the signatures of the fixtures. */
const simpleName = "testing/manifest:latest";
const keyPath = fixtures.path("public-key.gpg");
const rekorName = "192.168.64.2:5000/cosign-signed/key-1";
const cosignName = "192.168.64.2:5000/cosign-signed-single-sample";

describe.skipIf(!fixtures.exist)("signedBy", () => {
  test.each<readonly [string, string, Parameters<typeof signedBy>[0], string | true]>([
    ["valid", "dir-img-valid", { keyPath }, true],
    [
      "one of several keys",
      "dir-img-valid",
      { keyPaths: [fixtures.path("public-key-1.gpg"), fixtures.path("public-key-2.gpg")] },
      true,
    ],
    [
      "key data",
      "dir-img-valid",
      { keyData: fixtures.exist ? fixtures.read("public-key.gpg") : "" },
      true,
    ],
    ["no signature", "dir-img-unsigned", { keyPath }, "a signature is required, but none exists"],
    ["another manifest", "dir-img-modified-manifest", { keyPath }, "a signature is for sha256:"],
    [
      "another key",
      "dir-img-valid",
      { keyPath: fixtures.path("public-key-2.gpg") },
      "is not trusted",
    ],
    [
      "a sigstore signature",
      "dir-img-cosign-valid",
      { keyPath },
      "a signature is required, but none exists (only 1 sigstore signatures)",
    ],
    [
      "a missing key file",
      "dir-img-valid",
      { keyPath: "/does/not/exist" },
      "The key /does/not/exist cannot be read: it does not exist",
    ],
    ["a folder as key file", "dir-img-valid", { keyPath: "/" }, "it is not a regular file"],
    [
      "a file without keys",
      "dir-img-valid",
      { keyPath: fixtures.path("cosign.pub") },
      "Invalid OpenPGP keyring",
    ],
  ])("%s", async (_, image, settings, expected) => {
    const result = await judged(await fixtureImage(image, simpleName), signedBy(settings));
    const reason = expected === true ? `signed by ${keyFingerprint} for ${simpleName}` : expected;
    expect(result).toEqual([expected === true, expect.stringContaining(reason)]);
  });

  test.each<readonly [IdentityMatch, string, boolean]>([
    [{ type: "matchExact" }, "testing/manifest:latest", true],
    [{ type: "matchExact" }, "testing/manifest:other", false],
    [{ type: "matchRepository" }, "testing/manifest:other", true],
    [{ type: "exactRepository", dockerRepository: "testing/manifest" }, "a.com/b:1", true],
    [
      { type: "remapIdentity", prefix: "a.com/mirror", signedPrefix: "docker.io/testing" },
      "a.com/mirror/manifest:latest",
      true,
    ],
  ])("identity %j, image %s: %s", async (signedIdentity, name, expected) => {
    const image = await fixtureImage("dir-img-valid", name);
    const [isAccepted] = await judged(image, signedBy({ keyPath, signedIdentity }));
    expect(isAccepted).toBe(expected);
  });

  test("one valid signature of two is enough", async () => {
    const [invalid, valid] = ["invalid-blob.signature", "image.signature"].map(fixtures.read);
    const signatures = [invalid, valid].map(
      (bytes = Buffer.of()) => ({ kind: "simple-signing", bytes }) as const,
    );
    const image = imageWith(fixtures.read("image.manifest.json"), signatures, simpleName);
    const signedIdentity = { type: "matchRepository" } as const;
    const [isAccepted] = await judged(image, signedBy({ keyPath, signedIdentity }));
    expect(isAccepted).toBe(true);
  });

  test("an image without a docker reference matches only an exact identity", async () => {
    const image = await fixtureImage("dir-img-valid");
    const exact: IdentityMatch = { type: "exactReference", dockerReference: simpleName };
    const exactly = await judged(image, signedBy({ keyPath, signedIdentity: exact }));
    const byDefault = await judged(image, signedBy({ keyPath }));
    expect([exactly[0], byDefault[0]]).toEqual([true, false]);
  });

  test.each([
    ["image.signature", true, keyFingerprint],
    ["subkey.signature", true, "B9F4CDB9FD8C475BFA340AC38D54A947EE396F36"],
    ["subkey.signature-v3", true, "B9F4CDB9FD8C475BFA340AC38D54A947EE396F36"],
    ["corrupt.signature", false, "it is not an OpenPGP message"],
    ["corrupt.signature-v3", false, "signature verification failed"],
    ["unknown-key.signature", false, "its key 5F9470E3BC6C3B55 is not trusted"],
    ["unknown-key.signature-v3", false, "its key 5F9470E3BC6C3B55 is not trusted"],
    ["invalid-blob.signature", false, "it is not JSON"],
    ["invalid-blob.signature-v3", false, "it is not JSON"],
    ["unsigned-literal.signature", false, "it is not a signed OpenPGP message"],
  ])("%s: %s, %s", async (name, expected, reason) => {
    const keyPaths = ["public-key.gpg", "public-key-with-subkey.gpg"].map(fixtures.path);
    const bytes = fixtures.read(name);
    const image = imageWith(
      fixtures.read("image.manifest.json"),
      [{ kind: "simple-signing", bytes }],
      simpleName,
    );
    const result = await judged(
      image,
      signedBy({ keyPaths, signedIdentity: { type: "matchRepository" } }),
    );
    expect(result).toEqual([expected, expect.stringContaining(reason)]);
  });

  test("no flipped byte of a signature is accepted for another claim", async () => {
    const original = fixtures.read("image.signature");
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const bytes = Uint8Array.from(original);
        const at = Math.floor((index * bytes.byteLength) / 40);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (index % 8));
        const image = imageWith(
          fixtures.read("image.manifest.json"),
          [{ kind: "simple-signing", bytes }],
          simpleName,
        );
        const [isAccepted, reason] = await judged(image, signedBy({ keyPath }));
        return !isAccepted || reason === `signed by ${keyFingerprint} for ${simpleName}`;
      }),
    );
    expect(results).not.toContain(false);
  });

  test("a signature from the future is rejected", async () => {
    const image = await fixtureImage("dir-img-valid", simpleName);
    const before = { now: () => new Date("2001-01-01") };
    expect(await judged(image, signedBy({ keyPath }), before)).toEqual([
      false,
      expect.stringContaining("is in the future"),
    ]);
  });
});

describe.skipIf(!fixtures.exist)("sigstoreSigned", () => {
  const cosignKey = fixtures.path("cosign.pub");
  test.each<readonly [string, string, Parameters<typeof sigstoreSigned>[0], string | true]>([
    ["valid", "dir-img-cosign-valid", { keyPath: cosignKey }, true],
    [
      "one of several keys",
      "dir-img-cosign-valid",
      { keyPaths: [fixtures.path("cosign2.pub"), cosignKey] },
      true,
    ],
    ["two signatures", "dir-img-cosign-valid-2", { keyPath: cosignKey }, true],
    [
      "another key",
      "dir-img-cosign-valid",
      { keyPath: fixtures.path("cosign2.pub") },
      "was made with another key",
    ],
    [
      "an RSA key",
      "dir-img-cosign-valid",
      { keyPath: fixtures.path("some-rsa-key.pub") },
      "was made with another key",
    ],
    [
      "no signature",
      "dir-img-unsigned",
      { keyPath: cosignKey },
      "a signature is required, but none exists",
    ],
    [
      "a simple signature",
      "dir-img-valid",
      { keyPath: cosignKey },
      "none exists (only 1 simple signatures)",
    ],
    [
      "recorded in Rekor",
      "dir-img-cosign-key-rekor-valid",
      { keyPath: fixtures.path("cosign2.pub"), rekorPublicKeyPath: fixtures.path("rekor.pub") },
      true,
    ],
    [
      "recorded in Rekor, one of several keys",
      "dir-img-cosign-key-rekor-valid",
      {
        keyPaths: [cosignKey, fixtures.path("cosign2.pub")],
        rekorPublicKeyPath: fixtures.path("rekor.pub"),
      },
      true,
    ],
    [
      "recorded in another log",
      "dir-img-cosign-key-rekor-valid",
      { keyPath: fixtures.path("cosign2.pub"), rekorPublicKeyPath: cosignKey },
      "it is not signed by the log of the policy",
    ],
    [
      "recorded for another key",
      "dir-img-cosign-key-rekor-valid",
      { keyPath: cosignKey, rekorPublicKeyPath: fixtures.path("rekor.pub") },
      "it is about another key",
    ],
    [
      "not recorded",
      "dir-img-cosign-valid",
      { keyPath: cosignKey, rekorPublicKeyPath: fixtures.path("rekor.pub") },
      "has no annotation dev.sigstore.cosign/bundle",
    ],
    [
      "a file that is no key",
      "dir-img-cosign-valid",
      { keyPath: fixtures.path("policy.json") },
      "is not a public key in PEM",
    ],
  ])("%s", async (_, name, settings, expected) => {
    const image = await fixtureImage(name, name.includes("rekor") ? rekorName : cosignName);
    const requirement = sigstoreSigned({
      ...settings,
      signedIdentity: { type: "matchRepository" },
    });
    const reason = expected === true ? "signed by a key of the policy" : expected;
    expect(await judged(image, requirement)).toEqual([
      expected === true,
      expect.stringContaining(reason),
    ]);
  });
});

describe("scopes", () => {
  const image = imageWith(Buffer.from("{}"), []);

  test("the most specific scope decides alone", async () => {
    const { isAccepted, scope } = await judgeImage(
      policy({ default: "reject", dir: { "": "insecureAcceptAnything" } }),
      image,
    );
    expect([isAccepted, scope.transport, scope.scope]).toEqual([true, "dir", ""]);
  });

  test("all requirements of a scope must be met", async () => {
    const both: readonly PolicyRequirement[] = [
      { type: "insecureAcceptAnything" },
      { type: "reject" },
    ];
    const { isAccepted, results } = await judgeImage(policy({ default: both }), image);
    expect(isAccepted).toBe(false);
    expect(results.map(({ isMet }) => isMet)).toEqual([true, false]);
  });

  test("requireSigned rejects a scope without a signature requirement", async () => {
    const open = policy({ default: "insecureAcceptAnything" });
    expect(await judgeImage(open, image, { requireSigned: true })).toMatchObject({
      isAccepted: false,
    });
  });

  test("the error names the image, the scope and the reason", async () => {
    const closed = signaturePolicy(policy({ default: "reject", docker: "insecureAcceptAnything" }));
    await expect(closed.admit(image)).rejects.toMatchObject({
      code: "untrusted",
      message: expect.stringMatching(
        /rejects dir:\/image \(default\): every image of this scope is rejected/,
      ),
    });
  });

  test.each(["signedByGPGKeys", "X509Certificates", "signedByX509CAs"] as const)(
    "the keyType %s rejects",
    async (keyType) => {
      const requirement = { ...signedBy({ keyPath: "/key" }), keyType } as PolicyRequirement;
      expect(await judged(image, requirement)).toEqual([
        false,
        expect.stringContaining("not implemented"),
      ]);
    },
  );

  test("signedBaseLayer rejects", async () => {
    const baseLayerIdentity = { type: "matchExact" } as const;
    const requirement = { type: "signedBaseLayer", baseLayerIdentity } as const;
    expect(await judged(image, requirement)).toEqual([
      false,
      expect.stringContaining("not implemented"),
    ]);
  });
});

async function judged(
  image: UnparsedImage,
  requirement: PolicyRequirement,
  options: Parameters<typeof judgeImage>[2] = {},
): Promise<readonly [boolean, string | undefined]> {
  const decision = await judgeImage(policy({ default: requirement }), image, options);
  return [decision.isAccepted, decision.results[0]?.reason];
}
