import { copyImage, digestOf, mediaTypes } from "@drayage/core";
import type { CopyResult, Descriptor, Digest, ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { digestTagsOf, referrersTagOf } from "@drayage/core/reference";
import { descriptorOf, inMemory, putBlobs, randomArtifact, randomImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import {
  deleteLayoutImage,
  LayoutDestination,
  LayoutSource,
  nameOfEntry,
  parseLayoutIndex,
} from "../src/index.ts";
import type { ImageSelector } from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const only: ImageSelector = { kind: "only" };
const image = await randomImage("image", { layers: 1 });
const subject = descriptorOf(image);
const sbom = await randomArtifact("sbom", { subject, artifactType: "application/spdx+json" });
const ofSBOM = await randomArtifact("signature", { subject: descriptorOf(sbom) });
const cosigned = await randomArtifact("cosign");
const [sigTag = ""] = digestTagsOf(subject.digest);

/** A reference to an image in a layout in memory. */
function inLayout(layout: BucketLayout, name?: string): ImageReference {
  const reference: ImageReference = {
    transport: memory(),
    stringWithinTransport: name ?? "",
    dockerReference: undefined,
    policyConfigurationIdentity: undefined,
    policyConfigurationNamespaces: [],
    newImageSource: async () =>
      LayoutSource.open(reference, layout, name === undefined ? only : { kind: "name", name }),
    newImageDestination: async () => LayoutDestination.open(reference, layout, { name }),
  };
  return reference;
}

async function withReferrers(): Promise<ImageReference> {
  const reference = memory().parseReference("image");
  await using destination = await reference.newImageDestination();
  for (const one of [image, sbom, ofSBOM, cosigned]) await putBlobs(one, destination);
  for (const { manifest } of [sbom, ofSBOM]) {
    await destination.putManifest(manifest, { instance: manifest.digest });
  }
  await destination.putManifest(cosigned.manifest, {
    instance: cosigned.manifest.digest,
    tag: sigTag,
  });
  await destination.putManifest(image.manifest);
  await destination.commit();
  return reference;
}

async function copyInto(layout: BucketLayout, name?: string): Promise<CopyResult> {
  return copyImage(await withReferrers(), inLayout(layout, name), { referrers: true });
}

async function found(
  reference: ImageReference,
  about: Digest = subject.digest,
): Promise<readonly Digest[]> {
  await using source = await reference.newImageSource();
  const referrers = await Array.fromAsync(source.getReferrers?.(about) ?? []);
  return referrers.map(({ digest }) => digest);
}

/** The names in order, `-` for entries without a name. */
function names(layout: BucketLayout): readonly string[] {
  const { entries } = parseLayoutIndex(layout.files.get("index.json") ?? new Uint8Array());
  return entries.map((entry) => nameOfEntry(entry) ?? "-").toSorted();
}

describe("a referrer", () => {
  test("is copied into a layout and out of it with its image", async () => {
    const layout = new BucketLayout();
    expect(await copyInto(layout, "v1")).toMatchObject({ referrers: 3 });
    const out = memory().parseReference("out");
    const result = await copyImage(inLayout(layout, "v1"), out, { referrers: true });
    expect(result).toMatchObject({ digest: subject.digest, referrers: 3 });
    const [ofImage, ofReferrer] = [await found(out), await found(out, sbom.manifest.digest)];
    expect(ofImage).toEqual([sbom.manifest.digest, cosigned.manifest.digest]);
    expect(ofReferrer).toEqual([ofSBOM.manifest.digest]);
  });

  test("is listed once, with its type, and without a name unless it has a tag", async () => {
    const layout = new BucketLayout();
    await copyInto(layout, "v1");
    expect(await copyInto(layout, "v1")).toMatchObject({ alreadyThere: true });
    await copyInto(layout, "v2");
    expect(names(layout)).toEqual(["-", "-", sigTag, "v1", "v2"]);
    const { entries } = parseLayoutIndex(layout.files.get("index.json") ?? new Uint8Array());
    expect(entries).toContainEqual({
      ...descriptorOf(sbom),
      artifactType: "application/spdx+json",
    });
  });

  test("does not count beside the only image", async () => {
    const layout = new BucketLayout();
    await copyInto(layout);
    expect(await found(inLayout(layout))).toEqual([sbom.manifest.digest, cosigned.manifest.digest]);
    expect(await copyInto(layout)).toMatchObject({ alreadyThere: true });
  });

  test("is an image if it is alone", async () => {
    const layout = new BucketLayout();
    await copyImage(await inMemory(sbom), inLayout(layout));
    await using source = await inLayout(layout).newImageSource();
    expect((await source.getManifest()).digest).toBe(sbom.manifest.digest);
  });

  test("is found in the index that regclient writes", async () => {
    const layout = new BucketLayout();
    await copyImage(await inMemory(image), inLayout(layout, "v1"));
    const list = inLayout(layout, referrersTagOf(subject.digest));
    await copyImage(await inMemory(listOf(sbom)), list, { instances: "all" });
    expect(await found(inLayout(layout, "v1"))).toEqual([sbom.manifest.digest]);
    expect(await found(inLayout(layout))).toEqual([sbom.manifest.digest]);
  });

  test("that is absent is not found", async () => {
    const layout = new BucketLayout();
    await copyInto(layout, "v1");
    layout.blobs.delete(sbom.manifest.digest);
    expect(await found(inLayout(layout, "v1"))).toEqual([cosigned.manifest.digest]);
  });
});

describe("deleting an image", () => {
  test("deletes its referrers, and their referrers", async () => {
    const layout = new BucketLayout();
    await copyInto(layout, "v1");
    await deleteLayoutImage(layout, { kind: "name", name: "v1" });
    expect(names(layout)).toEqual([]);
    expect(layout.blobs.size).toBe(0);
  });

  test("keeps referrers while the image has another name", async () => {
    const layout = new BucketLayout();
    await copyInto(layout, "v1");
    await copyInto(layout, "v2");
    await deleteLayoutImage(layout, { kind: "name", name: "v1" });
    expect(names(layout)).toEqual(["-", "-", sigTag, "v2"]);
    const again = memory().parseReference("again");
    const result = await copyImage(inLayout(layout, "v2"), again, { referrers: true });
    expect(result.referrers).toBe(3);
  });

  test("keeps referrers of another image", async () => {
    const layout = new BucketLayout();
    await copyInto(layout, "v1");
    const other = await randomImage("other", { layers: 1 });
    await copyImage(await inMemory(other), inLayout(layout, "other"));
    await deleteLayoutImage(layout, { kind: "name", name: "other" });
    expect(names(layout)).toEqual(["-", "-", sigTag, "v1"]);
  });
});

/** The index of the referrers tag, as in registries without the referrers API. */
function listOf(referrer: WholeImage): WholeImage {
  const { mediaType, digest, bytes } = referrer.manifest;
  const manifests: readonly Descriptor[] = [{ mediaType, digest, size: bytes.byteLength }];
  const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const content = Buffer.from(JSON.stringify(list));
  return {
    manifest: { bytes: content, mediaType: mediaTypes.ociIndex, digest: digestOf(content) },
    instances: [referrer.manifest],
    blobs: referrer.blobs,
  };
}
