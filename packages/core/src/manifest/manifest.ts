import { maxManifestSize } from "../content/byte-stream.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import {
  parseDescriptor,
  parseDescriptors,
  parseTextRecord,
  parseUntyped,
  textIn,
} from "./descriptor.ts";
import { broken, isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";
import { typedManifest } from "./manifest-type.ts";
import { bareMediaType, isIndexMediaType, isManifestMediaType, mediaTypes } from "./media-types.ts";
import type { ManifestMediaType } from "./media-types.ts";
import type { Platform } from "./platform.ts";

/** What a manifest says, read only: the bytes stay the truth, unknown fields included. */
export type Manifest = ImageManifest | ImageIndex | ArtifactManifest;

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

/** What an index names: a manifest or, as in the caches of BuildKit, any blob. */
export interface InstanceDescriptor extends Descriptor {
  /** `unknown` for an os or an architecture that is not told. */
  readonly platform?: Platform;
}

/** A manifest of OCI 1.1 while it was drafted: an artifact without a config. */
export interface ArtifactManifest extends ManifestBase {
  readonly kind: "artifact";
  readonly blobs: readonly Descriptor[];
}

/** @throws ImageError `invalid-manifest` for what is broken, too large or ambiguous; `unsupported` for schema 1 */
export function parseManifest(raw: RawManifest): Manifest {
  if (raw.bytes.byteLength > maxManifestSize) {
    throw broken(
      "manifest",
      `it has ${raw.bytes.byteLength} bytes; ${maxManifestSize} are allowed`,
    );
  }
  const { mediaType, value } = typedManifest(raw);
  if (mediaType === mediaTypes.ociArtifact) return parseArtifact(mediaType, value);
  if (value["schemaVersion"] !== 2) throw broken("manifest", "its schemaVersion is not 2");
  return isIndexMediaType(mediaType) ? parseIndex(mediaType, value) : parseImage(mediaType, value);
}

/** True where there is no image to run in it: its config is none of an image. Such manifests are never changed. */
export function isArtifact({ mediaType, config }: ImageManifest): boolean {
  if (isConfigMediaType(config.mediaType)) return false;
  return mediaType !== mediaTypes.dockerManifest || !oldConfigTypes.has(config.mediaType);
}

/** Of manifests that an index names, none of them only: what else it names are blobs. */
export function instancesOf(manifest: Manifest): readonly InstanceDescriptor[] {
  return manifest.kind === "index" ? manifest.manifests.filter(isInstance) : [];
}

/** All that a manifest needs and that is no manifest: config and layers, or the blobs that an index names. */
export function blobsOf(manifest: Manifest): readonly Descriptor[] {
  switch (manifest.kind) {
    case "image":
      return [manifest.config, ...manifest.layers];
    case "artifact":
      return manifest.blobs;
    case "index":
      return manifest.manifests.filter((entry) => !isInstance(entry));
  }
}

/** Only manifests have platforms, whatever they are called (OCI image-spec, image-index.md: a type may be unknown). */
export function isInstance({
  mediaType,
  platform,
}: Pick<InstanceDescriptor, "mediaType" | "platform">): boolean {
  const type = bareMediaType(mediaType);
  return platform !== undefined || isManifestMediaType(type) || schema1Types.has(type);
}

const schema1Types = new Set<string>([mediaTypes.dockerSchema1, mediaTypes.dockerSchema1Signed]);

function isConfigMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** How configs of Docker's images were called by registries and builders of 2016 (moby, issues 22378 and 30083). */
const oldConfigTypes = new Set([
  "application/octet-stream",
  "application/json",
  "text/html",
  "text/plain",
  "",
]);

/** Whether the type of a config tells nothing, so that only its content shows whether it is that of an image. */
export function isGeneralConfigType(mediaType: string): boolean {
  return oldConfigTypes.has(mediaType);
}

function parseImage(mediaType: ManifestMediaType, value: JSONObject): ImageManifest {
  const isOld = mediaType === mediaTypes.dockerManifest;
  const config = (isOld ? parseUntyped : parseDescriptor)("config", value["config"]);
  const layers = parseDescriptors("layers", value["layers"]);
  const base = parseBase(mediaType, value);
  const manifest: ImageManifest = { kind: "image", ...base, config, layers };
  if (!isArtifact(manifest)) return manifest;
  const artifactType = manifest.artifactType ?? (config.mediaType || undefined);
  return { ...manifest, artifactType };
}

function parseArtifact(mediaType: ManifestMediaType, value: JSONObject): ArtifactManifest {
  const blobs = parseDescriptors("blobs", value["blobs"]);
  return { kind: "artifact", ...parseBase(mediaType, value), blobs };
}

function parseIndex(mediaType: ManifestMediaType, value: JSONObject): ImageIndex {
  const manifests = parseDescriptors("manifests", value["manifests"]);
  const entries = (value["manifests"] ?? []) as readonly JSONObject[];
  return {
    kind: "index",
    ...parseBase(mediaType, value),
    manifests: manifests.map((descriptor, at) => {
      const platform = parseEntryPlatform(entries[at]?.["platform"]);
      return platform === undefined ? descriptor : { ...descriptor, platform };
    }),
  };
}

function parseBase(mediaType: ManifestMediaType, value: JSONObject): ManifestBase {
  const { subject, annotations } = value;
  const hasSubject = subject !== undefined && subject !== null;
  return {
    mediaType,
    artifactType: textIn("the manifest", value, "artifactType") || undefined,
    subject: hasSubject ? parseDescriptor("subject", subject) : undefined,
    annotations: parseTextRecord("annotations", annotations) ?? {},
  };
}

/** Without an os or an architecture it fits none that could be asked for. */
function parseEntryPlatform(value: unknown): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJSONObject(value)) throw broken("manifest", "a platform is not an object");
  const textOf = (key: string): string | undefined => textIn("a platform", value, key) || undefined;
  const platform = {
    os: textOf("os") ?? "unknown",
    architecture: textOf("architecture") ?? "unknown",
  };
  const variant = textOf("variant");
  return variant === undefined ? platform : { ...platform, variant };
}
