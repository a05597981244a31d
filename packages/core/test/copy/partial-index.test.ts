import { describe, expect, test } from "vitest";

import type { Notice } from "../../src/contract/notice.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import type { ManifestStep } from "../../src/copy/copy-plan.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageIndex } from "../../src/manifest/manifest.ts";
import { memory } from "../../src/memory/index.ts";
import { altered } from "../altered-reference.ts";
import { arm, linux, rawManifest, sampleImage, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

/** An index as BuildKit writes it: two images, then an attestation for each. */
const index = attestedIndex();
const [intel, armed, intelAttestation, armedAttestation] = index.instances.map(
  ({ manifest }) => manifest.digest,
);

function attestedIndex(): SampleImage {
  const unknown = { os: "unknown", architecture: "unknown" };
  const images = [sampleImage({ layers: ["a"] }), sampleImage({ layers: ["b"], platform: arm })];
  const attestations = images.map(({ manifest }) =>
    sampleImage({
      layers: [`about ${manifest.digest}`],
      layerType: "application/vnd.in-toto+json",
      platform: unknown,
    }),
  );
  const instances = [...images, ...attestations];
  const manifests = instances.map(({ manifest, platform }, at) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.byteLength,
    platform,
    ...(at > 1 && {
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": instances[at - 2]?.manifest.digest,
      },
    }),
  }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifest = rawManifest({ schemaVersion: 2, mediaType, manifests });
  return { manifest, blobs: new Map(), instances };
}

/** Copies the index between two memory references. `sparseIndexes` is what the destination declares. */
async function copied(
  options: CopyOptions,
  sparseIndexes: string | true = true,
): Promise<{
  readonly entries: readonly string[];
  readonly written: readonly string[];
  readonly digest: string;
  readonly notices: readonly Notice[];
}> {
  const store = memory();
  const from = store.parseReference("from");
  await write(index, from);
  await using opened = await store.parseReference("to").newImageDestination?.();
  if (opened === undefined) throw new Error("cannot be written to");
  const declared = sparseIndexes === "unknown" ? undefined : sparseIndexes;
  const accepts = { ...opened.accepts, sparseIndexes: declared };
  const to = altered(store.parseReference("to"), { destination: { accepts } });
  const notices: Notice[] = [];
  const written: string[] = [];
  const result = await copyImage(from, to, {
    ...options,
    onNotice: (notice) => notices.push(notice),
    onEvent: (event) => {
      if (event.kind === "manifest-written") written.push(event.digest);
    },
  });
  const { manifests } = parseManifest(result.manifest) as ImageIndex;
  const entries = manifests.map(({ digest }) => digest);
  return { entries, written, digest: result.digest, notices };
}

const impossible = expect.objectContaining({ code: "impossible-copy" });

describe("a copy of selected platforms", () => {
  test("includes their attestations, and removes those of other platforms", async () => {
    const { entries, written } = await copied({ instances: { platforms: [arm] } });
    expect(entries).toEqual([armed, armedAttestation]);
    expect(written.toSorted().slice(0, 2)).not.toContain(intelAttestation);
    expect(new Set(written)).toEqual(new Set([armed, armedAttestation, written.at(-1)]));
  });

  test("keeps the index unchanged on request, without writing the other instances", async () => {
    const selection = { instances: { platforms: [linux] }, missingInstances: "keep" } as const;
    const { digest, written, notices } = await copied(selection);
    expect(digest).toBe(index.manifest.digest);
    expect(new Set(written)).toEqual(new Set([intel, intelAttestation, digest]));
    expect(notices).toEqual([]);
  });

  test("is refused before a write if the destination declares that it rejects missing instances", async () => {
    const selection = { instances: { platforms: [linux] }, missingInstances: "keep" } as const;
    await expect(copied(selection, "it checks every index")).rejects.toThrow(
      /would list 2 instances that are not copied to memory:to: it checks every index; copy all/,
    );
    await expect(copied(selection, "it checks every index")).rejects.toThrow(impossible);
    const all = await copied({ instances: "all" }, "it checks every index");
    expect(all.digest).toBe(index.manifest.digest);
  });

  test("reports beforehand that the destination may reject missing instances, if that is unknown", async () => {
    const selection = { instances: { platforms: [linux] }, missingInstances: "keep" } as const;
    const { notices } = await copied(selection, "unknown");
    expect(notices).toMatchObject([
      { kind: "caution", text: expect.stringContaining("2 instances of the index are not copied") },
    ]);
    expect((await copied({ instances: "all" }, "unknown")).notices).toEqual([]);
    const stripped = await copied({ instances: { platforms: [linux] } }, "unknown");
    expect(stripped.notices).toEqual([]);
  });

  test("cannot leave an index empty", async () => {
    const nothing = { instances: { platforms: [] } };
    await expect(copied(nothing)).rejects.toThrow(impossible);
    await expect(copied(nothing)).rejects.toThrow(/the index would be empty/);
    await expect(copied({ instances: "index-only", missingInstances: "strip" })).rejects.toThrow(
      impossible,
    );
  });

  test("cannot remove instances from an index that must not change, with advice", async () => {
    const selection = { instances: { platforms: [linux] }, preserveDigests: true };
    await expect(copied(selection)).rejects.toThrow(/--keep-removed-platforms/);
    await expect(copied(selection)).rejects.toThrow(impossible);
    const kept = await copied({ ...selection, missingInstances: "keep" });
    expect(kept.digest).toBe(index.manifest.digest);
  });
});

test("a copy of selected platforms to docker manifests leaves out attestations, which cannot be converted", async () => {
  const manifestMIMEType = "application/vnd.docker.distribution.manifest.v2+json";
  const { entries } = await copied({ instances: { platforms: [arm] }, manifestMIMEType });
  expect(entries).toHaveLength(1);
  await expect(copied({ instances: "all", manifestMIMEType })).rejects.toThrow(
    /it is an attestation; select the platforms/,
  );
});

test("a copy of the index only writes one manifest, also with preserved digests", async () => {
  const { digest, written } = await copied({ instances: "index-only", preserveDigests: true });
  expect([digest, written]).toEqual([index.manifest.digest, [index.manifest.digest]]);
});

test("a copy of the index only copies an image outside an index as it is", async () => {
  const store = memory();
  const image = sampleImage();
  await write(image, store.parseReference("a"));
  const { digest } = await copyImage(store.parseReference("a"), store.parseReference("b"), {
    instances: "index-only",
  });
  expect(digest).toBe(image.manifest.digest);
});

test("a plan lists the missing and the removed instances", async () => {
  const store = memory();
  await write(index, store.parseReference("a"));
  const plans = (["keep", "strip"] as const).map(async (missingInstances) =>
    previewCopy(store.parseReference("a"), store.parseReference("b"), {
      instances: { platforms: [linux] },
      missingInstances,
    }),
  );
  const [kept, stripped] = await Promise.all(plans);
  if (kept === undefined || stripped === undefined) throw new Error("there are two plans");
  const others = [armed, armedAttestation];
  expect(kept.steps.at(-2) as ManifestStep).toMatchObject({ missing: others, omitted: [] });
  expect(formatPlan(kept)).toContain("with 2 instances missing");
  expect(stripped.steps.at(-2) as ManifestStep).toMatchObject({ missing: [], omitted: others });
  expect(formatPlan(stripped)).toContain("without 2 instances");
});
