import type { RawManifest } from "../contract/raw-manifest.ts";
import { invalidDocument, isJSONObject, parseJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";
import { manifestShape } from "./manifest-shape.ts";
import { bareMediaType, isManifestMediaType, mediaTypes } from "./media-types.ts";
import type { ManifestMediaType } from "./media-types.ts";

/** A manifest with an unambiguous media type. */
export interface TypedManifest {
  readonly mediaType: ManifestMediaType;
  readonly value: JSONObject;
}

/**
 * Parses a manifest and determines its media type: the type that the storage reports, if that is a manifest type, else
 * the type in its content.
 * @throws ImageError `invalid-manifest` if it is not JSON, or has an unknown or ambiguous type (CVE-2021-41190)
 */
export function parseTypedManifest(raw: RawManifest): TypedManifest {
  const { value } = parseJSONObject("manifest", raw.bytes, manifestShape);
  const mediaType = resolveMediaType(value, raw.mediaType);
  rejectForeignFields(mediaType, value);
  return { mediaType, value };
}

function resolveMediaType(value: JSONObject, storedType: string | undefined): ManifestMediaType {
  const stored = storedType === undefined ? undefined : bareMediaType(storedType);
  const declared = value["mediaType"] ?? "";
  if (typeof declared !== "string")
    throw invalidDocument("manifest", "its mediaType is not a string");
  if (isManifestMediaType(stored)) {
    const contradicts = declared !== "" && declared !== stored;
    if (contradicts)
      throw invalidDocument(
        "manifest",
        `it is stored as ${stored} but its mediaType is ${declared}; push the image again`,
      );
    return stored;
  }
  const guess = guessMediaType(value);
  if (isManifestMediaType(guess)) return guess;
  throw invalidDocument(
    "manifest",
    `its media type is unknown${stored ? ` (stored as ${stored})` : ""}; copy it with the tool that wrote it`,
  );
}

/** The media type according to the content (containers/image, `GuessMIMEType`). */
function guessMediaType(value: JSONObject): string | undefined {
  const { mediaType, schemaVersion, config, manifests } = value;
  if (typeof mediaType === "string" && isManifestMediaType(mediaType)) return mediaType;
  if (schemaVersion === 1) {
    return value["signatures"] ? mediaTypes.dockerSchema1Signed : mediaTypes.dockerSchema1;
  }
  if (schemaVersion !== 2) return undefined;
  if ((mediaType ?? "") !== "") return undefined;
  const configType = isJSONObject(config) ? config["mediaType"] : undefined;
  if (configType === mediaTypes.ociConfig) return mediaTypes.ociManifest;
  if (configType === mediaTypes.dockerConfig) return mediaTypes.dockerManifest;
  return Array.isArray(manifests) ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

/** The fields that distinguish the types of manifests. `manifestShape` lists them, so they have no other spelling. */
const typeFields = ["config", "fsLayers", "history", "layers", "manifests"];

const allowedFields: Readonly<Record<ManifestMediaType, readonly string[]>> = {
  [mediaTypes.ociManifest]: ["config", "layers"],
  [mediaTypes.dockerManifest]: ["config", "layers"],
  [mediaTypes.ociIndex]: ["manifests"],
  [mediaTypes.ociArtifact]: [],
  [mediaTypes.dockerList]: ["manifests"],
  [mediaTypes.dockerSchema1]: ["fsLayers", "history"],
  [mediaTypes.dockerSchema1Signed]: ["fsLayers", "history"],
};

/** Rejects fields of other types, because a program might read the manifest as one of those types. */
function rejectForeignFields(mediaType: ManifestMediaType, value: JSONObject): void {
  const foreign = typeFields.filter(
    (field) => (value[field] ?? null) !== null && !allowedFields[mediaType].includes(field),
  );
  if (foreign.length === 0) return;
  throw invalidDocument(
    "manifest",
    `ambiguous: ${mediaType} does not allow ${foreign.join(", ")}; rebuild the image`,
  );
}
