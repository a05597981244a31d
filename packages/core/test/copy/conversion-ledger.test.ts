import { expect, test } from "vitest";

import type { DestinationAccepts } from "../../src/contract/image-destination.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { Notice } from "../../src/contract/notice.ts";
import { conversionLedgerType } from "../../src/copy/conversion-ledger.ts";
import type { ConversionLedger } from "../../src/copy/conversion-ledger.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import type { Digest } from "../../src/names/digest.ts";
import { arm, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { sampleEncrypter } from "./sample-encryption.ts";

const options = {
  manifestMIMEType: mediaTypes.ociManifest,
  conversionLedger: { tool: "drayage test" },
} as const;
const dockerType = { manifestType: mediaTypes.dockerManifest };
const docker = sampleImage(dockerType);
const dockerIndex = sampleIndex(
  [docker, sampleImage({ ...dockerType, layers: ["one", "other"], platform: arm })],
  mediaTypes.dockerList,
);

async function inMemory(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("image");
  await write(image, reference);
  return reference;
}

/** The ledgers that refer to a manifest. */
async function ledgersOf(
  reference: ImageReference,
  subject: Digest,
): Promise<readonly { readonly digest: Digest; readonly ledger: ConversionLedger }[]> {
  await using source = await reference.newImageSource();
  const ledgers = [];
  for await (const { digest, artifactType } of source.getReferrers?.(subject) ?? []) {
    expect(artifactType).toBe(conversionLedgerType);
    const { layers } = parseManifest(await source.getManifest(digest)) as ImageManifest;
    const [blob] = layers;
    expect([layers.length, blob?.mediaType]).toEqual([1, conversionLedgerType]);
    let text = "";
    for await (const chunk of source.getBlob(blob ?? {})) text += Buffer.from(chunk).toString();
    ledgers.push({ digest, ledger: JSON.parse(text) as ConversionLedger });
  }
  return ledgers;
}

test("a converted image gets a referrer with both digests, types and reasons", async () => {
  const to = memory().parseReference("to");
  const result = await copyImage(await inMemory(docker), to, options);
  const [found, ...others] = await ledgersOf(to, result.digest);
  expect(others).toEqual([]);
  expect(result.conversionLedger).toEqual({ digest: found?.digest, referrersLeftBehind: [] });
  const { manifest } = docker;
  const { config } = parseManifest(manifest) as ImageManifest;
  expect(found?.ledger).toEqual({
    ledgerVersion: 1,
    tool: "drayage test",
    image: {
      from: {
        digest: manifest.digest,
        size: manifest.bytes.byteLength,
        mediaType: mediaTypes.dockerManifest,
      },
      to: {
        digest: result.digest,
        size: result.manifest.bytes.byteLength,
        mediaType: mediaTypes.ociManifest,
      },
      because: `${mediaTypes.ociManifest} was requested`,
    },
    instances: [],
    blobs: [
      {
        from: { digest: config.digest, size: config.size },
        to: {
          digest: (parseManifest(result.manifest) as ImageManifest).config.digest,
          size: (parseManifest(result.manifest) as ImageManifest).config.size,
        },
        because: "OCI has its own config format",
      },
    ],
    referrersLeftBehind: [],
  });
});

test("equal copies have equal ledgers", async () => {
  const digests = new Set<Digest | undefined>();
  for (let run = 0; run < 3; run++) {
    const to = memory().parseReference("to");
    const copyOptions = { ...options, instances: "all" } as const;
    const { conversionLedger, digest } = await copyImage(
      await inMemory(dockerIndex),
      to,
      copyOptions,
    );
    digests.add(conversionLedger?.digest);
    const [found] = await ledgersOf(to, digest);
    expect(found?.ledger.instances.map(({ from }) => from.digest)).toEqual(
      dockerIndex.instances.map((instance) => instance.manifest.digest),
    );
  }
  expect(digests.size).toBe(1);
});

test("an image out of an index names the index", async () => {
  const to = memory().parseReference("to");
  const platform = { os: "linux", architecture: "amd64" };
  const { digest } = await copyImage(await inMemory(dockerIndex), to, { ...options, platform });
  const [found] = await ledgersOf(to, digest);
  expect(found?.ledger.selectedFrom).toBe(dockerIndex.manifest.digest);
});

test("an unchanged image gets no ledger", async () => {
  const to = memory().parseReference("to");
  const result = await copyImage(await inMemory(sampleImage()), to, {
    ...options,
    conversionLedger: true,
  });
  expect(result.conversionLedger).toEqual({ digest: undefined, referrersLeftBehind: [] });
  expect(await ledgersOf(to, result.digest)).toEqual([]);
});

test("referrers of the old image are reported as left behind", async () => {
  const from = memory().parseReference("from");
  const { mediaType, digest: subject, bytes: old } = docker.manifest;
  const sbom = sampleImage({
    layers: ["sbom"],
    configType: "application/vnd.oci.empty.v1+json",
    extra: { subject: { mediaType, digest: subject, size: old.byteLength } },
  });
  await using destination = await from.newImageDestination();
  for (const [digest, bytes] of [...docker.blobs, ...sbom.blobs])
    await destination.putBlob(asStream(bytes), { digest });
  await destination.putManifest(sbom.manifest, { instance: sbom.manifest.digest });
  await destination.putManifest(docker.manifest);
  await destination.commit();
  const to = memory().parseReference("to");
  const notices: Notice[] = [];
  const onNotice = (notice: Notice): void => void notices.push(notice);
  const result = await copyImage(from, to, { ...options, onNotice });
  const left = [{ subject: docker.manifest.digest, digest: sbom.manifest.digest }];
  expect(result.conversionLedger?.referrersLeftBehind).toEqual(left);
  const [found] = await ledgersOf(to, result.digest);
  expect(found?.ledger.referrersLeftBehind).toEqual(left);
  expect(notices).toContainEqual({
    kind: "left-out",
    text: expect.stringContaining(sbom.manifest.digest) as string,
  });
});

test.each<[string, Partial<DestinationAccepts>]>([
  ["referrers", { referrers: false }],
  ["OCI manifests", { manifestMIMETypes: [mediaTypes.dockerManifest] }],
])("a destination without %s is refused before a byte is sent", async (_, accepts) => {
  const to = memory().parseReference("to");
  const limited: ImageReference = {
    transport: to.transport,
    stringWithinTransport: "to",
    dockerReference: undefined,
    policyConfigurationIdentity: undefined,
    policyConfigurationNamespaces: [],
    newImageSource: async () => to.newImageSource(),
    async newImageDestination() {
      const destination = await to.newImageDestination();
      return new Proxy(destination, {
        get(target, key) {
          if (key === "putBlob") throw new Error("a byte was sent");
          const value: unknown = Reflect.get(target, key);
          if (key === "accepts") return { ...target.accepts, ...accepts };
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
  const copy = copyImage(await inMemory(docker), limited, { conversionLedger: true });
  await expect(copy).rejects.toMatchObject({
    code: "impossible-copy",
    message: expect.stringContaining("--conversion-ledger") as string,
  });
});

test("an encrypting copy is refused, because the ledger would link both forms of its layers", async () => {
  const encryption = { encrypter: sampleEncrypter() };
  const copy = copyImage(await inMemory(docker), memory().parseReference("to"), {
    ...options,
    encryption,
  });
  await expect(copy).rejects.toMatchObject({
    code: "impossible-copy",
    message: expect.stringContaining("before encryption") as string,
  });
});

test("the plan contains the ledger before the commit", async () => {
  const plan = await previewCopy(await inMemory(docker), memory().parseReference("to"), options);
  expect(plan.steps.map(({ kind }) => kind).slice(-2)).toEqual(["ledger", "commit"]);
});

async function* asStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
