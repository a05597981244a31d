import { formatGoJSON, formatGoStruct } from "../manifest/go-json.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import type { Digest } from "../names/digest.ts";
import type { NamedReference } from "../names/docker-reference.ts";
import type { Schema1Content } from "./schema1-manifest.ts";
import { schema1Payload } from "./signed-payload.ts";

/** The name and tag in a schema 1 manifest: the repository without its registry, and the tag, which may be empty. */
export interface EmbeddedName {
  readonly name: string;
  readonly tag: string;
}

/** The name and tag of a schema 1 manifest under this reference; undefined without a docker reference. */
export function embeddedNameOf(reference: NamedReference | undefined): EmbeddedName | undefined {
  return reference && { name: reference.path, tag: reference.tag ?? "" };
}

/** The changes to make to a schema 1 manifest. */
export interface Schema1Edits {
  /** The new layers, one for each existing layer, the base layer first. */
  readonly layers?: readonly Digest[] | undefined;
  readonly embedded?: EmbeddedName | undefined;
}

/** Whether the manifest contains another repository or tag than the destination. */
export function hasOtherName(content: Schema1Content, embedded: Schema1Edits["embedded"]): boolean {
  if (embedded === undefined) return false;
  return embedded.name !== content.name || embedded.tag !== content.tag;
}

/** Whether an unsigned manifest becomes a signed one, and so needs a signature. */
export function needsSignature(bytes: Uint8Array, from: string, to: string): boolean {
  const becomesSigned = from !== to && to === mediaTypes.dockerSchema1Signed;
  return becomesSigned && schema1Payload(bytes) === bytes;
}

/**
 * Edits a manifest and returns its payload, byte for byte like containers/image. The ids in the history stay, because
 * readers only compare them with each other.
 */
export function editSchema1(content: Schema1Content, edits: Schema1Edits): string {
  const { name, tag } = edits.embedded ?? content;
  const layers = edits.layers ?? content.layers.map(({ digest }) => digest);
  const entries = content.layers.map(({ v1Compatibility }, at) => ({
    layer: formatGoStruct([["blobSum", formatGoJSON(layers[at])]]),
    history: formatGoStruct([["v1Compatibility", formatGoJSON(v1Compatibility)]]),
  }));
  const topFirst = entries.toReversed();
  return formatGoStruct([
    ["name", formatGoJSON(name)],
    ["tag", formatGoJSON(tag)],
    ["architecture", formatGoJSON(content.architecture)],
    ["fsLayers", `[${topFirst.map(({ layer }) => layer).join(",")}]`],
    ["history", `[${topFirst.map(({ history }) => history).join(",")}]`],
    ["schemaVersion", "1"],
  ]);
}
