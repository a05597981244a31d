import { describe, expect, test } from "vitest";

import type { RawManifest } from "../../src/contract/raw-manifest.ts";
import { indexEntries } from "../../src/copy/index-entries.ts";
import type { EntryOutcome } from "../../src/copy/index-entries.ts";
import { editManifest } from "../../src/manifest/edit-manifest.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageIndex } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { digestOf } from "../../src/names/digest.ts";
import { arm, sampleImage, sampleIndex } from "../sample-images.ts";

const { ociManifest, ociIndex, dockerManifest, dockerList } = mediaTypes;
const mark = { "io.github.containers.compression.zstd": "true" };

/** An index of these images, with these annotations of its entries. */
function indexWith(
  mediaType: string,
  ...annotations: readonly (object | undefined)[]
): RawManifest {
  const images = annotations.map((_, at) => sampleImage({ layers: [String(at)], platform: arm }));
  const { manifest } = sampleIndex(images, mediaType);
  const content = JSON.parse(Buffer.from(manifest.bytes).toString()) as { manifests: object[] };
  const manifests = content.manifests.map((entry, at) => ({
    ...entry,
    ...(annotations[at] && { annotations: annotations[at] }),
  }));
  return { bytes: Buffer.from(JSON.stringify({ ...content, manifests })), mediaType };
}

/** The annotations of its entries after these outcomes. */
function annotationsAfter(raw: RawManifest, outcomes: readonly EntryOutcome[]): readonly unknown[] {
  const instances = indexEntries(parseManifest(raw) as ImageIndex, outcomes);
  const edited = parseManifest(editManifest(raw, { instances })) as ImageIndex;
  return edited.manifests.map(({ digest, annotations }) => [nameOf(digest), annotations]);
}

const names = new Map<string, string>();
const nameOf = (digest: string): string => names.get(digest) ?? "as before";

function written(name: string, hasZstdLayers: boolean | undefined): EntryOutcome {
  const digest = digestOf(Buffer.from(name));
  names.set(digest, name);
  return { digest, size: name.length, mediaType: ociManifest, hasZstdLayers };
}

describe("entries of an OCI index", () => {
  test("with zstd layers are annotated, and keep their order", () => {
    const raw = indexWith(ociIndex, undefined, { a: "b" }, undefined);
    const outcomes = [written("one", true), written("two", true), written("three", false)];
    expect(annotationsAfter(raw, outcomes)).toEqual([
      ["one", mark],
      ["two", { a: "b", ...mark }],
      ["three", undefined],
    ]);
  });

  test("keep their order if all annotations exist", () => {
    const raw = indexWith(ociIndex, mark, undefined);
    expect(annotationsAfter(raw, [written("one", true), written("two", false)])).toEqual([
      ["one", mark],
      ["two", undefined],
    ]);
  });

  test("lose an annotation that is no longer correct", () => {
    const raw = indexWith(ociIndex, mark, { ...mark, a: "b" });
    expect(annotationsAfter(raw, [written("one", false), written("two", false)])).toEqual([
      ["one", undefined],
      ["two", { a: "b" }],
    ]);
  });

  test("that are kept without their image, or are indexes, keep their annotations", () => {
    const raw = indexWith(ociIndex, mark, mark, undefined);
    expect(annotationsAfter(raw, ["kept", written("two", undefined), "omitted"])).toEqual([
      ["as before", mark],
      ["two", mark],
    ]);
  });

  test("are not annotated in an index that does not change", () => {
    const raw = indexWith(ociIndex, undefined);
    const { manifests } = parseManifest(raw) as ImageIndex;
    const outcomes = manifests.map((entry) => ({ ...entry, hasZstdLayers: true }));
    const instances = indexEntries(parseManifest(raw) as ImageIndex, outcomes);
    expect(editManifest(raw, { instances }).bytes).toBe(raw.bytes);
  });
});

test("entries of a Docker list are not annotated", () => {
  const raw = indexWith(dockerList, undefined);
  expect(annotationsAfter(raw, [written("one", true)])).toEqual([["one", undefined]]);
});

test("an entry with the same digest does not change", () => {
  const raw = indexWith(ociIndex, undefined);
  const { manifests } = parseManifest(raw) as ImageIndex;
  const outcomes = manifests.map(({ digest }) => {
    return { digest, size: 1, mediaType: dockerManifest, hasZstdLayers: true };
  });
  expect(indexEntries(parseManifest(raw) as ImageIndex, outcomes)).toEqual(manifests);
});
