import { describe, expect, test } from "vitest";

import type { Descriptor } from "../../src/contract/blob-info.ts";
import { editManifest } from "../../src/manifest/edit-manifest.ts";
import type { ManifestUpdateOptions } from "../../src/manifest/edit-manifest.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import type { Digest } from "../../src/names/digest.ts";
import { arm, sampleImage, sampleIndex } from "../sample-images.ts";

const { ociManifest, ociIndex, dockerManifest, dockerList } = mediaTypes;

/** The manifest to edit, and an edit with these new descriptors. */
const edits = [ociManifest, dockerManifest, ociIndex, dockerList].map((mediaType) => {
  const isIndex = mediaType === ociIndex || mediaType === dockerList;
  const { manifest: raw } = isIndex
    ? sampleIndex([sampleImage(), sampleImage({ platform: arm })], mediaType)
    : sampleImage({ manifestType: mediaType });
  const parsed = parseManifest(raw);
  const where = parsed.kind === "index" ? "manifests" : "layers";
  const own = (
    parsed.kind === "index" ? parsed.manifests : parsed.kind === "image" ? parsed.layers : []
  ).map(({ digest, size, mediaType: type }): Descriptor => ({ digest, size, mediaType: type }));
  const edit = (descriptors: readonly Descriptor[]): ManifestUpdateOptions =>
    isIndex ? { instances: descriptors } : { layerInfos: descriptors };
  return { mediaType, raw, where, own, edit };
});

describe.each(edits)("new descriptors in $mediaType", ({ raw, where, own, edit }) => {
  const [first, second] = own as [Descriptor, Descriptor];

  test.each<[Partial<Descriptor>, string]>([
    [{ size: -1 }, "has the size -1; pass the number of the stored bytes"],
    [{ size: 1.5 }, "has the size 1.5; pass the number of the stored bytes"],
    [{ size: Number.NaN }, "has the size NaN; pass the number of the stored bytes"],
    [{ mediaType: "" }, "has no mediaType; pass the type of the stored bytes"],
    [{ digest: "" as Digest }, "has no valid digest; pass the digest of the stored bytes"],
  ])("are rejected with %j", (change, why) => {
    const write = (): unknown => editManifest(raw, edit([first, { ...second, ...change }]));
    const message = `The manifest cannot be edited: the new ${where}[1] ${why}`;
    expect(write).toThrow(expect.objectContaining({ code: "impossible-copy", message }));
  });

  test.each([0, 1, 3])("are rejected if there are %d for two entries", (count) => {
    const write = (): unknown => editManifest(raw, edit([first, second, second].slice(0, count)));
    const message = `The manifest cannot be edited: it has 2 ${where}; pass as many, not ${count}`;
    expect(write).toThrow(expect.objectContaining({ code: "impossible-copy", message }));
  });

  test("may be empty blobs", () => {
    const edited = editManifest(raw, edit([first, { ...second, size: 0 }]));
    expect(JSON.parse(Buffer.from(edited.bytes).toString())).toMatchObject({
      [where]: [{ size: first.size }, { size: 0 }],
    });
  });
});
