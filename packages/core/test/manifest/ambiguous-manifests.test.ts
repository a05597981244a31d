import { describe, expect, test } from "vitest";

import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { isImageError } from "../../src/names/image-error.ts";
import { schema1Sample } from "../schema1/sample-schema1.ts";

const { ociManifest, ociIndex, ociArtifact, dockerManifest, dockerList, dockerSchema1 } =
  mediaTypes;

const descriptor = { mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: 1 };
const image = { schemaVersion: 2, config: descriptor, layers: [descriptor] };
const index = { schemaVersion: 2, manifests: [descriptor] };
const schema1 = JSON.parse(schema1Sample().payload) as Readonly<Record<string, unknown>>;

/** A manifest of each type, with the fields that identify it (containers/image, `ValidateUnambiguousManifestFormat`). */
const manifests: Readonly<Record<string, object>> = {
  [ociManifest]: image,
  [dockerManifest]: image,
  [ociIndex]: index,
  [dockerList]: index,
  [ociArtifact]: { blobs: [descriptor] },
  [dockerSchema1]: schema1,
};

const fieldsOfTypes = {
  config: descriptor,
  fsLayers: [{ blobSum: descriptor.digest }],
  history: [{ v1Compatibility: "{}" }],
  layers: [descriptor],
  manifests: [descriptor],
};

/** The message if the manifest is invalid; empty if it is not. */
function messageFor(content: object, mediaType?: string): string {
  try {
    parseManifest({ bytes: Buffer.from(JSON.stringify(content)), mediaType });
    return "";
  } catch (error) {
    return isImageError(error, "invalid-manifest") ? error.message : String(error);
  }
}

const foreign = Object.entries(manifests).flatMap(([type, content]) =>
  Object.entries(fieldsOfTypes)
    .filter(([field]) => !(field in content))
    .map(([field, value]) => ({ type, content, field, value })),
);

test("every type lacks at least three of the fields that identify types", () => {
  expect(foreign).toHaveLength(22);
});

describe.each(foreign)("$type with the field $field", ({ type, content, field, value }) => {
  test("is rejected in every spelling that Go reads as this field", () => {
    expect(messageFor({ ...content, [field]: value }, type)).toBe(
      `Invalid manifest: ambiguous: ${type} does not allow ${field}; rebuild the image`,
    );
    for (const spelling of [field.toUpperCase(), `${field[0]?.toUpperCase()}${field.slice(1)}`])
      expect(messageFor({ ...content, [spelling]: value }, type)).toContain(spelling);
  });

  test("that is null has one meaning", () => {
    expect(messageFor({ ...content, [field]: null }, type)).toBe("");
  });
});
