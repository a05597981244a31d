import zlib from "node:zlib";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { DestinationAccepts, ImageDestination } from "../../src/contract/image-destination.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { CopyEvent } from "../../src/copy/copy-event.ts";
import { copyEvents, copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import { openImage } from "../../src/image/image.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { altered } from "../altered-reference.ts";
import { arm, linux, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

async function stored(image: SampleImage, name = "sample"): Promise<ImageReference> {
  const reference = memory().parseReference(name);
  await write(image, reference);
  return reference;
}

const anywhere = (): ImageReference => memory().parseReference("copy");

async function isThere(reference: ImageReference): Promise<boolean> {
  return reference.newImageSource().then(
    () => true,
    () => false,
  );
}

describe("a copy", () => {
  test("of an image has the same blobs", async () => {
    const image = sampleImage({ layers: ["a", "b", "a"] });
    const to = anywhere();
    const result = await copyImage(await stored(image), to);
    expect(result).toMatchObject({
      digest: image.manifest.digest,
      sourceDigest: image.manifest.digest,
      changes: [],
      blobs: { copied: 3, reused: 0 },
    });
    await using copy = await openImage(to);
    expect(Buffer.from(copy.manifest.bytes)).toEqual(image.manifest.bytes);
    expect(await copy.configBlob()).toEqual(
      copy.configInfo && image.blobs.get(copy.configInfo.digest),
    );
  });

  test("of an existing image does nothing", async () => {
    const from = await stored(sampleIndex([sampleImage()]));
    const to = anywhere();
    await copyImage(from, to, { instances: "all" });
    const again = await copyImage(from, to, { instances: "all" });
    expect(again).toMatchObject({ alreadyThere: true, blobs: { copied: 0, reused: 0 } });
  });

  test("reuses existing blobs", async () => {
    const to = memory();
    await copyImage(await stored(sampleImage({ layers: ["a", "b"] })), to.parseReference("one"));
    const other = await stored(sampleImage({ layers: ["b", "c"] }));
    const { blobs } = await copyImage(other, to.parseReference("two"));
    expect(blobs).toMatchObject({ copied: 1, reused: 2, copiedBytes: 1 });
  });

  test("of an index selects the instance for the platform, or copies the index with all", async () => {
    const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const from = await stored(index);
    const single = await copyImage(from, anywhere(), { platform: arm });
    expect(single.digest).toBe(index.instances[1]?.manifest.digest);
    expect(single.sourceDigest).toBe(index.manifest.digest);
    const to = anywhere();
    const all = await copyImage(from, to, { instances: "all" });
    expect(all.digest).toBe(index.manifest.digest);
    await using opened = await openImage(to, { platform: arm });
    expect(await opened.inspect()).toMatchObject(arm);
  });

  test("of selected platforms omits the others, and reports the changed digest with the reason", async () => {
    const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const to = anywhere();
    const instances = { platforms: [linux] };
    const result = await copyImage(await stored(index), to, { instances });
    expect(result.changes).toEqual([
      {
        from: index.manifest.digest,
        to: result.digest,
        reason: "not all of its instances are copied",
      },
    ]);
    expect(parseManifest(result.manifest)).toMatchObject({ manifests: [{ platform: linux }] });
    await expect(openImage(to, { platform: arm })).rejects.toMatchObject({ code: "not-found" });
  });

  test("of nested indexes is complete", async () => {
    const inner = sampleIndex([sampleImage({ layers: ["deep"], platform: arm })]);
    const index = sampleIndex([sampleImage(), inner]);
    const to = anywhere();
    const { digest } = await copyImage(await stored(index), to, { instances: "all" });
    expect(digest).toBe(index.manifest.digest);
    await using source = await to.newImageSource();
    const [deep] = inner.instances;
    expect((await source.getManifest(deep?.manifest.digest)).bytes).toEqual(deep?.manifest.bytes);
  });

  test("of an artifact is unchanged, even if the destination transforms layers", async () => {
    const artifact = sampleImage({
      configType: "application/vnd.oci.empty.v1+json",
      layerType: "application/vnd.oci.image.layer.v1.tar",
      extra: {
        artifactType: "an/sbom",
        subject: { mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: 1 },
        "x-new": 1,
      },
    });
    const to = altered(anywhere(), {
      destination: (real) => ({ accepts: { ...real.accepts, layers: "compress" } }),
    });
    const result = await copyImage(await stored(artifact), to);
    expect(Buffer.from(result.manifest.bytes)).toEqual(artifact.manifest.bytes);
  });

  test("compresses layers for the destination and edits the manifest", async () => {
    const layers = ["plain ".repeat(1000), zlib.gzipSync("packed").toString("latin1")];
    const image = sampleImage({
      layers: layers.map((l) => Buffer.from(l, "latin1")),
      layerType: "application/vnd.oci.image.layer.v1.tar",
    });
    const index = sampleIndex([image]);
    const real = anywhere();
    const to = altered(real, {
      destination: (r) => ({ accepts: { ...r.accepts, layers: "compress" } }),
    });
    const result = await copyImage(await stored(index), to, { instances: "all" });
    expect(result.changes).toHaveLength(2);
    await using copy = await openImage(real, { platform: linux });
    const [first, second] = copy.layerInfos;
    expect(first?.mediaType).toBe("application/vnd.oci.image.layer.v1.tar+gzip");
    expect(second?.mediaType).toBe("application/vnd.oci.image.layer.v1.tar");
    await using source = await real.newImageSource();
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.getBlob(first ?? {})) chunks.push(chunk);
    expect(zlib.gunzipSync(Buffer.concat(chunks)).toString()).toBe(layers[0]);
    expect(first?.digest).toBe(digestOf(Buffer.concat(chunks)));
  });

  test("decompresses layers for the destination", async () => {
    const image = sampleImage({ layers: [zlib.gzipSync("packed")] });
    const real = anywhere();
    const to = altered(real, {
      destination: (r) => ({ accepts: { ...r.accepts, layers: "decompress" } }),
    });
    await copyImage(await stored(image), to);
    await using copy = await openImage(real);
    expect(copy.layerInfos).toEqual([
      {
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: digestOf(Buffer.from("packed")),
        size: 6,
      },
    ]);
  });

  test("converts to a format that the destination accepts", async () => {
    const accepts = (real: ImageDestination): DestinationAccepts => ({
      ...real.accepts,
      manifestMIMETypes: [mediaTypes.dockerManifest, mediaTypes.dockerList],
    });
    const real = anywhere();
    const to = altered(real, { destination: (r) => ({ accepts: accepts(r) }) });
    const result = await copyImage(await stored(sampleIndex([sampleImage()])), to, {
      instances: "all",
    });
    expect(parseManifest(result.manifest)).toMatchObject({
      mediaType: mediaTypes.dockerList,
      manifests: [{ mediaType: mediaTypes.dockerManifest }],
    });
    expect(result.digest).toBe(digestOf(result.manifest.bytes));
    await using copy = await openImage(real, { platform: linux });
    expect(copy.layerInfos[0]?.mediaType).toBe("application/vnd.docker.image.rootfs.diff.tar.gzip");
  });

  test("includes signatures unless `removeSignatures` is set", async () => {
    const signature = { kind: "simple-signing", bytes: Buffer.from([0xa0, 1]) } as const;
    const from = anywhere();
    await write(sampleImage(), from, [signature]);
    const signaturesAt = async (to: ImageReference): Promise<unknown> =>
      (await to.newImageSource()).getSignatures?.();
    const [signed, unsigned] = [anywhere(), anywhere()];
    await copyImage(from, signed);
    await copyImage(from, unsigned, { removeSignatures: true });
    expect(await signaturesAt(signed)).toEqual([signature]);
    expect(await signaturesAt(unsigned)).toEqual([]);
  });

  test("to a read-only transport is rejected", async () => {
    const from = await stored(sampleImage());
    const to = Object.assign(Object.create(from) as ImageReference, {
      newImageDestination: undefined,
    });
    await expect(copyImage(from, to)).rejects.toMatchObject({ code: "unsupported" });
  });

  test("writes nothing as a preview", async () => {
    const to = anywhere();
    const plan = await previewCopy(await stored(sampleImage()), to);
    expect(plan.steps).not.toEqual([]);
    expect(await isThere(to)).toBe(false);
  });
});

describe("the policy", () => {
  test("checks each image before it is parsed, and can end the copy", async () => {
    const broken = { ...sampleImage(), platform: linux };
    const index = sampleIndex([sampleImage(), broken]);
    const seen: string[] = [];
    const to = anywhere();
    const policy = {
      admit: async (image: { manifest: () => Promise<{ digest: string }> }) => {
        seen.push((await image.manifest()).digest);
        throw new ImageError("untrusted", "No");
      },
    };
    const attempt = copyImage(await stored(index), to, { instances: "all", policy });
    await expect(attempt).rejects.toMatchObject({ code: "untrusted" });
    expect(seen).toContain(index.instances[0]?.manifest.digest);
    expect(seen).not.toContain(index.manifest.digest);
    expect(await isThere(to)).toBe(false);
  });
});

describe("nothing is visible at the destination", () => {
  test("if any byte of any blob is wrong", async () => {
    const image = sampleImage({ layers: ["first layer", "second layer"] });
    const digests = [...image.blobs.keys()];
    const from = await stored(image);
    await fc.assert(
      fc.asyncProperty(fc.nat(digests.length - 1), fc.nat(), async (which, position) => {
        const to = anywhere();
        const lying = altered(from, {
          source: (real) => ({
            async *getBlob(blob) {
              for await (const chunk of real.getBlob(blob)) {
                const copy = Uint8Array.from(chunk);
                const at = position % copy.byteLength;
                if (blob.digest === digests[which]) copy[at] = (copy[at] ?? 0) ^ 1;
                yield copy;
              }
            },
          }),
        });
        await expect(copyImage(lying, to)).rejects.toMatchObject({ code: "digest-mismatch" });
        expect(await isThere(to)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  test("if it is aborted, at any event; the reason passes through", async () => {
    const from = await stored(
      sampleIndex([sampleImage(), sampleImage({ platform: arm, layers: ["x"] })]),
    );
    const events: CopyEvent[] = [];
    await copyImage(from, anywhere(), { instances: "all", onEvent: (event) => events.push(event) });
    const last = events.findLastIndex(({ kind }) => kind === "manifest-written");
    for (let stop = 0; stop <= last; stop++) {
      const controller = new AbortController();
      const reason = new Error(`stopped at ${stop}`);
      let at = 0;
      const to = anywhere();
      const onEvent = (): void => {
        if (at++ === stop) controller.abort(reason);
      };
      const copy = copyImage(from, to, { instances: "all", signal: controller.signal, onEvent });
      await expect(copy).rejects.toBe(reason);
      expect(await isThere(to)).toBe(false);
    }
  });

  test("if the commit fails", async () => {
    const real = anywhere();
    const commit = (): Promise<void> => Promise.reject(new ImageError("conflict", "No"));
    const to = altered(real, { destination: { commit } });
    await expect(copyImage(await stored(sampleImage()), to)).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await isThere(real)).toBe(false);
  });
});

describe("failures", () => {
  const failing = (
    error: unknown,
    times: number,
  ): ((real: ImageDestination) => Partial<ImageDestination>) => {
    let left = times;
    return (real) => ({
      putBlob: (bytes, blob, options) =>
        left-- > 0 ? Promise.reject(error) : real.putBlob(bytes, blob, options),
    });
  };

  test("that are retryable are retried and reported", async () => {
    const events: CopyEvent[] = [];
    const to = altered(anywhere(), {
      destination: failing(new ImageError("unavailable", "busy"), 2),
    });
    await copyImage(await stored(sampleImage()), to, {
      parallelBlobs: 1,
      onEvent: (event) => events.push(event),
    });
    expect(events.filter(({ kind }) => kind === "retry")).toHaveLength(2);
  });

  test("that are permanent are not retried", async () => {
    const to = altered(anywhere(), { destination: failing(new ImageError("denied", "no"), 1) });
    await expect(copyImage(await stored(sampleImage()), to)).rejects.toMatchObject({
      code: "denied",
    });
  });

  test("abort the other blobs, and the copy ends when all operations have ended", async () => {
    let open = 0;
    const real = await stored(sampleImage({ layers: ["slow", "bad"] }));
    const bad = digestOf(Buffer.from("bad"));
    const from = altered(real, {
      source: () => ({
        async *getBlob({ digest }, { signal } = {}) {
          if (digest === bad) throw new ImageError("denied", "no");
          open++;
          try {
            await new Promise((_, reject) => {
              signal?.addEventListener("abort", () => reject(signal.reason as Error));
            });
            yield Buffer.from("never");
          } finally {
            open--;
          }
        },
      }),
    });
    await expect(copyImage(from, anywhere())).rejects.toMatchObject({ code: "denied" });
    expect(open).toBe(0);
  });

  test("close a blob that the destination did not read", async () => {
    let open = 0;
    const image = sampleImage({
      layers: ["plain"],
      layerType: "application/vnd.oci.image.layer.v1.tar",
    });
    const from = altered(await stored(image), {
      source: (real) => ({
        async *getBlob(blob, options) {
          open++;
          try {
            yield* real.getBlob(blob, options);
          } finally {
            open--;
          }
        },
      }),
    });
    const to = altered(anywhere(), {
      destination: (real) => ({
        accepts: { ...real.accepts, layers: "compress" },
        putBlob: () => Promise.reject(new ImageError("denied", "no")),
      }),
    });
    await expect(copyImage(from, to)).rejects.toMatchObject({ code: "denied" });
    expect(open).toBe(0);
  });

  test("close both sides", async () => {
    const closed: string[] = [];
    const close = (name: string): { [Symbol.asyncDispose]: () => Promise<void> } => ({
      [Symbol.asyncDispose]: async () => void closed.push(name),
    });
    const from = altered(await stored(sampleImage()), { source: close("source") });
    const to = altered(anywhere(), {
      destination: {
        ...close("destination"),
        putManifest: () => Promise.reject(new ImageError("manifest-rejected", "no")),
      },
    });
    await expect(copyImage(from, to)).rejects.toMatchObject({ code: "manifest-rejected" });
    expect(closed).toEqual(["source", "destination"]);
  });
});

describe("a destination that stores another digest than it was sent", () => {
  const other = digestOf(Buffer.from("other"));
  const lying = (isWrong: (isConfig: boolean) => boolean): ImageReference =>
    altered(anywhere(), {
      destination: (real) => ({
        putBlob: async (bytes, blob, options) => {
          const put = await real.putBlob(bytes, blob, options);
          return isWrong(options?.isConfig === true) ? { ...put, digest: other } : put;
        },
      }),
    });

  test.each([
    ["a layer", false, {}, {}],
    ["a config", true, {}, {}],
    [
      "a converted config",
      true,
      { manifestType: mediaTypes.dockerManifest },
      { manifestMIMEType: mediaTypes.ociManifest },
    ],
  ] as const)("is noticed for %s, and nothing is shown", async (_, config, parts, options) => {
    const to = lying((isConfig) => isConfig === config);
    const copy = copyImage(await stored(sampleImage(parts)), to, options);
    await expect(copy).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(await isThere(to)).toBe(false);
  });
});

describe("events", () => {
  test("are complete, and their bytes add up", async () => {
    const from = await stored(sampleImage({ layers: ["abc", "defgh"] }));
    const events: CopyEvent[] = [];
    for await (const event of copyEvents(from, anywhere())) events.push(event);
    expect(events[0]?.kind).toBe("planned");
    expect(events.at(-1)?.kind).toBe("done");
    const count = (kind: CopyEvent["kind"]): number =>
      events.filter((event) => event.kind === kind).length;
    expect([count("blob-started"), count("blob-done"), count("manifest-written")]).toEqual([
      3, 3, 1,
    ]);
    const progress = events.filter((event) => event.kind === "blob-progress");
    const done = events.at(-1);
    expect(done?.kind === "done" && done.result.blobs.copiedBytes).toBe(
      progress.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  });

  test("end with the error of the copy", async () => {
    const read = async (): Promise<void> => {
      for await (const event of copyEvents(anywhere(), anywhere())) expect(event).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ code: "not-found" });
  });

  test("abort the copy when the reader stops", async () => {
    const to = anywhere();
    for await (const event of copyEvents(await stored(sampleImage()), to)) {
      if (event.kind === "planned") break;
    }
    expect(await isThere(to)).toBe(false);
  });
});

test("a copy transfers no more blobs at once than both sides and the caller allow", async () => {
  const layers = Array.from({ length: 12 }, (_, at) => `layer ${at}`);
  const from = await stored(sampleImage({ layers }));
  for (const [offered, accepted, asked, expected] of [
    [3, 5, undefined, 3],
    [5, 2, undefined, 2],
    [5, 5, 1, 1],
  ] as const) {
    let [open, most] = [0, 0];
    const to = altered(anywhere(), {
      destination: (real) => ({
        accepts: { ...real.accepts, parallelBlobs: accepted },
        putBlob: async (bytes, blob, options) => {
          most = Math.max(most, ++open);
          const put = await real.putBlob(bytes, blob, options);
          open--;
          return put;
        },
      }),
    });
    const bounded = altered(from, {
      source: (real) => ({ offers: { ...real.offers, parallelBlobs: offered } }),
    });
    await copyImage(bounded, to, { parallelBlobs: asked });
    expect(most).toBe(expected);
  }
});
