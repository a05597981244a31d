import type { RawManifest } from "../contract/raw-manifest.ts";
import { ImageError } from "../names/image-error.ts";
import { broken, isJSONObject, parseJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";
import { manifestShape } from "./manifest-shape.ts";
import { bareMediaType, isManifestMediaType, mediaTypes } from "./media-types.ts";
import type { ManifestMediaType } from "./media-types.ts";

/** A manifest whose type is certain and which nobody could take for another. */
export interface TypedManifest {
  readonly mediaType: ManifestMediaType;
  readonly value: JSONObject;
}

/**
 * The type of a manifest: what the storage calls it where that is a manifest's type, else what its content says.
 * @throws ImageError `invalid-manifest` where it is not JSON, of no known type, or could be read as two types
 * (CVE-2021-41190); `unsupported` for Docker's schema 1
 */
export function typedManifest(raw: RawManifest): TypedManifest {
  const { value } = parseJSONObject("manifest", raw.bytes, manifestShape);
  const mediaType = certainType(value, raw.mediaType);
  refuseForeignFields(mediaType, value);
  return { mediaType, value };
}

function certainType(value: JSONObject, said: string | undefined): ManifestMediaType {
  const stored = said === undefined ? undefined : bareMediaType(said);
  const written = value["mediaType"] ?? "";
  if (typeof written !== "string") throw broken("manifest", "its mediaType is not text");
  if (isManifestMediaType(stored)) {
    const contradicts = written !== "" && written !== stored;
    if (contradicts)
      throw broken("manifest", `it is stored as ${stored} and says ${written} itself`);
    return stored;
  }
  const guess = guessedType(value);
  if (isManifestMediaType(guess)) return guess;
  if (guess === mediaTypes.dockerSchema1 || guess === mediaTypes.dockerSchema1Signed) {
    throw new ImageError(
      "unsupported",
      "This image has a manifest of Docker's schema 1, which registries stopped taking in 2020; push it again with a current docker",
    );
  }
  throw broken("manifest", `its type is not known${stored ? ` (stored as ${stored})` : ""}`);
}

/** What the content says (containers/image, `GuessMIMEType`). */
function guessedType(value: JSONObject): string | undefined {
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

/**
 * The fields that make a type of manifest what it is: no other type may have them. The shape of manifests lists them, so
 * that none comes in another spelling.
 */
const essentialFields = ["config", "fsLayers", "history", "layers", "manifests"];

const allowedFields: Readonly<Record<ManifestMediaType, readonly string[]>> = {
  [mediaTypes.ociManifest]: ["config", "layers"],
  [mediaTypes.dockerManifest]: ["config", "layers"],
  [mediaTypes.ociIndex]: ["manifests"],
  [mediaTypes.ociArtifact]: [],
  [mediaTypes.dockerList]: ["manifests"],
};

/** A program that takes the manifest for one of another type would find its fields. */
function refuseForeignFields(mediaType: ManifestMediaType, value: JSONObject): void {
  const foreign = essentialFields.filter(
    (field) => (value[field] ?? null) !== null && !allowedFields[mediaType].includes(field),
  );
  if (foreign.length === 0) return;
  throw broken(
    "manifest",
    `ambiguous: it has ${foreign.join(", ")}, which ${mediaType} has not; build the image again`,
  );
}
