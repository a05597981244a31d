import { createHash } from "node:crypto";

import { rawMembers } from "../json/raw-members.ts";
import { compactGoJSON, formatGoJSON, formatGoMap, formatGoStruct } from "../manifest/go-json.ts";
import { invalidDocument } from "../manifest/json-object.ts";
import { hexOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { parseImageHistory } from "./image-history.ts";
import type { ImageHistory, HistoryEntry } from "./image-history.ts";

/** The parts of a schema 2 or OCI image that a schema 1 manifest is built from. */
export interface ConvertedImage {
  /** The stored config. */
  readonly config: Uint8Array;
  /** The layers of the image, the base layer first. The ids of schema 1 are derived from these digests. */
  readonly layers: readonly Digest[];
  /** The written layers, in the same order. Default: `layers`. */
  readonly written?: readonly Digest[] | undefined;
  /** The repository without its registry. */
  readonly name: string;
  readonly tag: string;
}

/** A gzip of an empty tar archive (1,024 zero bytes): the layer of each step that changed the config only. */
export const emptyLayer: Uint8Array = Buffer.from(
  "1f8b080000096e8800ff621805a360148c5800080000ffff2eafb5ef00040000",
  "hex",
);

export const emptyLayerDigest: Digest =
  "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4" as Digest;

/**
 * The payload of the manifest of schema 1 for an image, byte for byte as containers/image writes it. Throwaway layers
 * have the digest of `emptyLayer`, which the store must have.
 * @throws ImageError `invalid-manifest` for a config whose history does not describe the layers
 */
export function schema1Of(image: ConvertedImage): string {
  const history = parseImageHistory(image.config);
  const steps = stepsOf(history, image);
  const texts = v1Texts(steps, image.config);
  return formatGoStruct([
    ["name", formatGoJSON(image.name)],
    ["tag", formatGoJSON(image.tag)],
    ["architecture", formatGoJSON(history.architecture)],
    [
      "fsLayers",
      formatEntries(
        "blobSum",
        steps.map(({ written }) => written),
      ),
    ],
    ["history", formatEntries("v1Compatibility", texts)],
    ["schemaVersion", "1"],
  ]);
}

/** A step of the history with its layer. */
interface Step extends HistoryEntry {
  readonly digest: Digest;
  readonly written: Digest;
}

function stepsOf({ entries }: ImageHistory, image: ConvertedImage): readonly Step[] {
  const { layers, written = layers } = image;
  if (entries.length === 0)
    throw invalidDocument(
      "config",
      "it has no history, which schema 1 needs; choose another format",
    );
  const described = entries.filter(({ isEmptyLayer }) => !isEmptyLayer).length;
  if (described !== layers.length)
    throw invalidDocument(
      "config",
      `its history describes ${described} layers, but the image has ${layers.length}; choose another format`,
    );
  let at = 0;
  return entries.map((entry) => {
    if (entry.isEmptyLayer)
      return { ...entry, digest: emptyLayerDigest, written: emptyLayerDigest };
    const [digest, target] = [layers[at], written[at]];
    at++;
    if (digest !== undefined && target !== undefined) return { ...entry, digest, written: target };
    throw new TypeError("Each written layer must correspond to a layer");
  });
}

/** The base layer first. Only the text of the last step contains the complete config. */
function v1Texts(steps: readonly Step[], config: Uint8Array): readonly string[] {
  let parent = "";
  return steps.map((step, at) => {
    const isTop = at === steps.length - 1;
    const id = isTop
      ? idOf(step.digest, parent, Buffer.from(config).toString())
      : idOf(step.digest, parent);
    const text = isTop ? formatTop(config, id, parent, step) : formatStep(id, parent, step);
    parent = id;
    return text;
  });
}

/** Derives an id like Docker. Readers only compare ids with each other. */
function idOf(digest: Digest, ...others: readonly string[]): string {
  return createHash("sha256")
    .update([hexOf(digest), ...others].join(" "))
    .digest("hex");
}

function formatStep(id: string, parent: string, step: Step): string {
  const { comment, created, createdBy, author, isEmptyLayer } = step;
  return formatGoStruct([
    ["id", formatGoJSON(id)],
    ["parent", parent === "" ? undefined : formatGoJSON(parent)],
    ["comment", comment === "" ? undefined : formatGoJSON(comment)],
    ["created", formatGoJSON(created)],
    ["container_config", formatGoStruct([["Cmd", formatGoJSON([createdBy])]])],
    ["author", author === "" ? undefined : formatGoJSON(author)],
    ["throwaway", isEmptyLayer ? "true" : undefined],
  ]);
}

function formatTop(config: Uint8Array, id: string, parent: string, step: Step): string {
  const members = new Map(
    [...rawMembers(Buffer.from(config).toString())].map(([name, raw]) => [
      name,
      compactGoJSON(raw),
    ]),
  );
  for (const name of ["rootfs", "history", "parent", "throwaway"]) members.delete(name);
  members.set("id", formatGoJSON(id));
  if (parent !== "") members.set("parent", formatGoJSON(parent));
  if (step.isEmptyLayer) members.set("throwaway", "true");
  return formatGoMap(Object.fromEntries(members), String);
}

/** Reverses a list, because a schema 1 manifest lists the base layer last. */
function formatEntries(field: string, values: readonly string[]): string {
  const entries = values.map((value) => formatGoStruct([[field, formatGoJSON(value)]]));
  return `[${entries.toReversed().join(",")}]`;
}
