import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

import { digestOf } from "@drayage/core";
import { isTorture, opensslProgram } from "@drayage/test-support";
import fc from "fast-check";
import { expect, test } from "vitest";

import { judgeImage, policy, sigstoreSigned } from "../src/index.ts";
import { claimTypes, formatClaim } from "../src/payload.ts";
import { attachment } from "../src/sigstore/attachment.ts";
import { pemBlocks } from "../src/sigstore/pem.ts";
import { imageWith } from "./fixtures.ts";
import { authority, issue, signing } from "./sigstore/certificates.ts";

/** Each run changes one bit. */
const numRuns = isTorture ? 10_000 : 300;

const manifest = Buffer.from('{"schemaVersion":2,"config":{},"layers":[]}');
const name = "quay.io/team/app:1";
const claim = { manifestDigest: digestOf(manifest), dockerReference: name };
const payload = Buffer.from(formatClaim(claim, claimTypes.sigstore));
const base64 = (value: Uint8Array): string => Buffer.from(value).toString("base64");
const pemOf = (label: string, der: Uint8Array): Uint8Array =>
  Buffer.from(`-----BEGIN ${label}-----\n${base64(der)}\n-----END ${label}-----\n`);

/** The parts of a signed image. An attacker may change each. */
interface Parts {
  readonly manifest: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** The public key, in DER. */
  readonly key?: Uint8Array;
  /** The certificate, in DER. */
  readonly certificate?: Uint8Array;
  /** The body of the log entry, and the signature of the log. */
  readonly body?: Uint8Array;
  readonly promise?: Uint8Array;
}

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });

test("a signature by a key is rejected if any bit is changed", async () => {
  const key = pair.publicKey.export({ type: "spki", format: "der" });
  const parts = { manifest, payload, key, signature: sign("sha256", payload, pair.privateKey) };
  expect(await isAccepted(parts)).toBe(true);
  await rejectsChanges(parts, ({ key: changed }) => isSameKey(changed, key));
});

test.skipIf(opensslProgram === undefined)(
  "a signature by a certificate is rejected if any bit is changed",
  async () => {
    const parts = certified();
    expect(await isAccepted(parts)).toBe(true);
    await rejectsChanges(parts);
  },
);

const log = generateKeyPairSync("ec", { namedCurve: "P-256" });
const root = opensslProgram === undefined ? undefined : issue("root", { extensions: authority });
const issuerText = "1.3.6.1.4.1.57264.1.1=DER:68747470733a2f2f697373756572";

function certified(): Parts {
  const issuer = root ?? { certificate: "", key: "" };
  const leaf = issue("leaf", { issuer, extensions: [...signing, issuerText] });
  integratedTime = Math.floor(Date.now() / 1000);
  const certificate = pemBlocks(Buffer.from(leaf.certificate))?.[0]?.bytes ?? Buffer.of();
  const signature = sign("sha256", payload, leaf.key);
  const hash = createHash("sha256").update(payload).digest("hex");
  const publicKey = { content: base64(pemOf("CERTIFICATE", certificate)) };
  const spec = {
    data: { hash: { algorithm: "sha256", value: hash } },
    signature: { content: base64(signature), publicKey },
  };
  const body = Buffer.from(JSON.stringify({ apiVersion: "0.0.1", kind: "hashedrekord", spec }));
  const entry = Buffer.from(JSON.stringify(entryOf(body)));
  const promise = sign("sha256", entry, log.privateKey);
  return { manifest, payload, signature, certificate, body, promise };
}

/** Seconds. The certificates are issued before. */
let integratedTime = 0;

function entryOf(body: Uint8Array): object {
  return { body: base64(body), integratedTime, logID: "id", logIndex: 1 };
}

async function isAccepted(parts: Parts): Promise<boolean> {
  const { key, certificate, body, promise } = parts;
  const annotations = {
    [attachment.signature]: base64(parts.signature),
    ...(certificate && {
      [attachment.certificate]: Buffer.from(pemOf("CERTIFICATE", certificate)).toString(),
    }),
    ...(body &&
      promise && {
        [attachment.rekorEntry]: JSON.stringify({
          SignedEntryTimestamp: base64(promise),
          Payload: entryOf(body),
        }),
      }),
  };
  const stored = { kind: "sigstore", mediaType: attachment.payloadType, annotations } as const;
  const image = imageWith(parts.manifest, [{ ...stored, payload: parts.payload }], name);
  const requirement = key
    ? sigstoreSigned({ keyData: pemOf("PUBLIC KEY", key) })
    : sigstoreSigned({
        fulcio: {
          caData: Buffer.from(root?.certificate ?? ""),
          oidcIssuer: "https://issuer",
          subjectEmail: "dev@example.com",
        },
        rekorPublicKeyData: Buffer.from(
          log.publicKey.export({ type: "spki", format: "pem" }) as string,
        ),
      });
  return (await judgeImage(policy({ default: requirement }), image)).isAccepted;
}

/** Changes a random bit of a random part. `isSame` excuses another encoding of the same value. */
async function rejectsChanges(
  parts: Parts,
  isSame: (changed: Parts) => boolean = () => false,
): Promise<void> {
  const names = Object.keys(parts) as readonly (keyof Parts)[];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(7),
      async (part, position, bit) => {
        const bytes = Uint8Array.from(parts[part] ?? []);
        const at = Math.floor(position * bytes.byteLength);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const changed = { ...parts, [part]: bytes };
        expect(
          (await isAccepted(changed)) && !isSame(changed),
          `${part}, byte ${at}, bit ${bit}`,
        ).toBe(false);
      },
    ),
    { numRuns },
  );
}

/** A point can be encoded in several ways. */
function isSameKey(changed: Uint8Array | undefined, original: Uint8Array): boolean {
  const pointOf = (der: Uint8Array): unknown =>
    createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }).export({
      format: "jwk",
    });
  try {
    return JSON.stringify(pointOf(changed ?? original)) === JSON.stringify(pointOf(original));
  } catch {
    return false;
  }
}
