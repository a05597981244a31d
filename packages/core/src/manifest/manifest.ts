import type { Descriptor } from "../blob-info.ts";
import { manifestSizeLimit } from "../byte-stream.ts";
import type { Platform } from "../platform.ts";
import type { RawManifest } from "../raw-manifest.ts";
import { parseDescriptor, parseDescriptors, parseTextRecord } from "./descriptor.ts";
import { broken, isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";
import { typedManifest } from "./manifest-type.ts";
import { isIndexMediaType, mediaTypes } from "./media-types.ts";
import type { ManifestMediaType } from "./media-types.ts";

/** What a manifest says, read only: the bytes stay the truth, unknown fields included. */
export type Manifest = ImageManifest | ImageIndex;

interface ManifestBase {
  readonly mediaType: ManifestMediaType;
  /** The type of an artifact; undefined for an image of a program to run. */
  readonly artifactType: string | undefined;
  /** The manifest that this one is about (OCI image-spec 1.1). */
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** OCI image-spec, manifest.md; Docker's schema 2. */
export interface ImageManifest extends ManifestBase {
  readonly kind: "image";
  readonly config: Descriptor;
  /** The root first; the same layer may be there twice. */
  readonly layers: readonly Descriptor[];
}

/** OCI image-spec, image-index.md; Docker's manifest list. */
export interface ImageIndex extends ManifestBase {
  readonly kind: "index";
  readonly manifests: readonly InstanceDescriptor[];
}

/** A manifest as an index names it. */
export interface InstanceDescriptor extends Descriptor {
  readonly platform?: Platform;
}

/** @throws ImageError `invalid-manifest` for what is broken, too large or ambiguous; `unsupported` for schema 1 */
export function parseManifest(raw: RawManifest): Manifest {
  if (raw.bytes.byteLength > manifestSizeLimit) {
    throw broken(
      "manifest",
      `it has ${raw.bytes.byteLength} bytes; ${manifestSizeLimit} are allowed`,
    );
  }
  const { mediaType, value } = typedManifest(raw);
  if (value["schemaVersion"] !== 2) throw broken("manifest", "its schemaVersion is not 2");
  return isIndexMediaType(mediaType) ? parseIndex(mediaType, value) : parseImage(mediaType, value);
}

/** True where there is no image to run in it: its config is none of an image. Such manifests are never changed. */
export function isArtifact(manifest: ImageManifest): boolean {
  const { mediaType } = manifest.config;
  return mediaType !== mediaTypes.ociConfig && mediaType !== mediaTypes.dockerConfig;
}

function parseImage(mediaType: ManifestMediaType, value: JSONObject): ImageManifest {
  const config = parseDescriptor("config", value["config"]);
  const layers = parseDescriptors("layers", value["layers"] ?? []);
  const base = parseBase(mediaType, value);
  const manifest: ImageManifest = { kind: "image", ...base, config, layers };
  if (!isArtifact(manifest)) return manifest;
  return { ...manifest, artifactType: manifest.artifactType ?? config.mediaType };
}

function parseIndex(mediaType: ManifestMediaType, value: JSONObject): ImageIndex {
  const manifests = parseDescriptors("manifests", value["manifests"] ?? []);
  const entries = value["manifests"] as readonly JSONObject[] | undefined;
  return {
    kind: "index",
    ...parseBase(mediaType, value),
    manifests: manifests.map((descriptor, at) => {
      const platform = parseEntryPlatform(entries?.[at]?.["platform"]);
      return platform === undefined ? descriptor : { ...descriptor, platform };
    }),
  };
}

function parseBase(mediaType: ManifestMediaType, value: JSONObject): ManifestBase {
  const { artifactType, subject, annotations } = value;
  const hasSubject = subject !== undefined && subject !== null;
  return {
    mediaType,
    artifactType:
      typeof artifactType === "string" && artifactType !== "" ? artifactType : undefined,
    subject: hasSubject ? parseDescriptor("subject", subject) : undefined,
    annotations: parseTextRecord("annotations", annotations) ?? {},
  };
}

function parseEntryPlatform(value: unknown): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJSONObject(value)) throw broken("manifest", "a platform is not an object");
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string") {
    throw broken("manifest", "a platform has no os or no architecture");
  }
  const hasVariant = typeof variant === "string" && variant !== "";
  return hasVariant ? { os, architecture, variant } : { os, architecture };
}
