import { stringField } from "../manifest/descriptor.ts";
import { invalidDocument, isJSONObject } from "../manifest/json-object.ts";
import type { JSONObject } from "../manifest/json-object.ts";
import { isDigest } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { parseV1Compatibility } from "./v1-compatibility.ts";
import type { V1Compatibility } from "./v1-compatibility.ts";

/** The content of a manifest of schema 1 (distribution, "Image Manifest V 2, Schema 1"). */
export interface Schema1Content {
  /** The repository without its registry: `library/alpine`. */
  readonly name: string;
  readonly tag: string;
  readonly architecture: string;
  /** The base layer first, including throwaway layers. */
  readonly layers: readonly Schema1Layer[];
}

/** An entry of `fsLayers` with its entry of `history`. */
export interface Schema1Layer {
  readonly digest: Digest;
  readonly history: V1Compatibility;
  /** The text from which `history` was parsed. Only that of the last layer has the whole config. */
  readonly v1Compatibility: string;
}

/**
 * Parses the payload of a manifest of schema 1. Layers that repeat the id of the layer below are dropped, as
 * containers/image and Docker do.
 * @throws ImageError `invalid-manifest`
 */
export function parseSchema1(value: JSONObject): Schema1Content {
  if (value["schemaVersion"] !== 1)
    throw invalidDocument("manifest", "its schemaVersion is not 1; rebuild the image");
  return {
    name: stringField("the manifest", value, "name") ?? "",
    tag: stringField("the manifest", value, "tag") ?? "",
    architecture: stringField("the manifest", value, "architecture") ?? "",
    layers: withoutRepeated(parseLayers(value)),
  };
}

/** Reverses the layers: a schema 1 manifest lists the base layer last. */
function parseLayers(value: JSONObject): readonly Schema1Layer[] {
  const layers = listIn(value, "fsLayers");
  const history = listIn(value, "history");
  if (layers.length === 0)
    throw invalidDocument("manifest", "it has no fsLayers; rebuild the image");
  if (layers.length !== history.length) {
    throw invalidDocument(
      "manifest",
      `it has ${layers.length} fsLayers, but ${history.length} entries in its history; rebuild the image`,
    );
  }
  const parsed = layers.map((layer, at) => {
    const digest = isJSONObject(layer) ? layer["blobSum"] : undefined;
    if (!isDigest(digest))
      throw invalidDocument("manifest", `fsLayers[${at}] has no valid blobSum; rebuild the image`);
    const entry = history[at];
    const text = isJSONObject(entry) ? entry["v1Compatibility"] : undefined;
    if (typeof text !== "string")
      throw invalidDocument("manifest", `history[${at}] has no v1Compatibility; rebuild the image`);
    return {
      digest,
      history: parseV1Compatibility(text, `v1Compatibility of history[${at}]`),
      v1Compatibility: text,
    };
  });
  return parsed.toReversed();
}

function listIn(value: JSONObject, key: string): readonly unknown[] {
  const list = value[key] ?? [];
  if (!Array.isArray(list)) throw invalidDocument("manifest", `${key} is not a list`);
  return list;
}

function withoutRepeated(layers: readonly Schema1Layer[]): readonly Schema1Layer[] {
  const ids = new Set<string>();
  return layers.filter(({ history: { id, parent } }, at) => {
    const below = layers[at - 1]?.history.id ?? "";
    if (id === below) return false;
    if (ids.has(id))
      throw invalidDocument(
        "manifest",
        `the id ${id} occurs more than once in its history; rebuild the image`,
      );
    ids.add(id);
    if (parent === below) return true;
    const expected = below === "" ? "no parent, because it is the base" : `the parent ${below}`;
    throw invalidDocument("manifest", `the layer ${id} should have ${expected}; rebuild the image`);
  });
}
