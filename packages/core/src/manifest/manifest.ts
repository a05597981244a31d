import { maxManifestSize } from "../content/byte-stream.ts";
import type { BlobInfo, Descriptor } from "../contract/blob-info.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Digest } from "../names/digest.ts";
import { parseSchema1 } from "../schema1/schema1-manifest.ts";
import type { Schema1Content } from "../schema1/schema1-manifest.ts";
import { schema1Payload } from "../schema1/signed-payload.ts";
import {
  parseDescriptor,
  parseDescriptors,
  parseStringRecord,
  parseDescriptorWithoutType,
  stringField,
} from "./descriptor.ts";
import { invalidDocument, isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";
import { parseTypedManifest } from "./manifest-type.ts";
import {
  bareMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  mediaTypes,
} from "./media-types.ts";
import type { ManifestMediaType } from "./media-types.ts";
import type { Platform } from "./platform.ts";

/** A parsed manifest. It is incomplete: unknown fields are only in the original bytes. */
export type Manifest = ImageManifest | ImageIndex | ArtifactManifest | Schema1Manifest;

interface ManifestBase {
  readonly mediaType: ManifestMediaType;
  /** The type of an artifact; undefined for a container image. */
  readonly artifactType: string | undefined;
  /** The manifest that this one refers to (OCI image-spec 1.1). */
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** An image or artifact (OCI image-spec, manifest.md; Docker's schema 2). */
export interface ImageManifest extends ManifestBase {
  readonly kind: "image";
  readonly config: Descriptor;
  /** The base layer first. A layer may appear twice. */
  readonly layers: readonly Descriptor[];
}

/** An index (OCI image-spec, image-index.md; Docker's manifest list). */
export interface ImageIndex extends ManifestBase {
  readonly kind: "index";
  readonly manifests: readonly InstanceDescriptor[];
}

/** A blob that a manifest references. */
export interface NamedBlob extends BlobInfo {
  readonly digest: Digest;
}

/** An entry of an index: a manifest or, as in BuildKit caches, a blob. */
export interface InstanceDescriptor extends Descriptor {
  /** A missing os or architecture is `unknown`. */
  readonly platform?: Platform;
}

/** An artifact manifest from the drafts of OCI 1.1: it has blobs but no config. */
export interface ArtifactManifest extends ManifestBase {
  readonly kind: "artifact";
  readonly blobs: readonly Descriptor[];
}

/** Docker's image manifest of schema 1, signed or not. It has no config, and its layers have no sizes. */
export interface Schema1Manifest extends ManifestBase, Schema1Content {
  readonly kind: "schema1";
}

/**
 * Parses a manifest or an index.
 * @throws ImageError `invalid-manifest` if it is malformed, too large or ambiguous
 */
export function parseManifest(raw: RawManifest): Manifest {
  if (raw.bytes.byteLength > maxManifestSize) {
    throw invalidDocument(
      "manifest",
      `it has ${raw.bytes.byteLength} bytes; the limit is ${maxManifestSize}`,
    );
  }
  const { mediaType, value } = parseTypedManifest(raw);
  if (mediaType === mediaTypes.ociArtifact) return parseArtifact(mediaType, value);
  if (isSchema1MediaType(mediaType)) {
    schema1Payload(raw.bytes);
    return { kind: "schema1", ...parseBase(mediaType, value), ...parseSchema1(value) };
  }
  if (value["schemaVersion"] !== 2)
    throw invalidDocument("manifest", "its schemaVersion is not 2; rebuild the image");
  return isIndexMediaType(mediaType) ? parseIndex(mediaType, value) : parseImage(mediaType, value);
}

/** Whether this is not a container image, because its config has another type. Artifacts are never changed. */
export function isArtifact({ mediaType, config }: ImageManifest): boolean {
  if (isConfigMediaType(config.mediaType)) return false;
  return mediaType !== mediaTypes.dockerManifest || !genericConfigTypes.has(config.mediaType);
}

/** The manifests in an index, without the blobs; empty for other manifests. */
export function instancesOf(manifest: Manifest): readonly InstanceDescriptor[] {
  return manifest.kind === "index" ? manifest.manifests.filter(isInstance) : [];
}

/**
 * All blobs of a manifest: config and layers, or the entries of an index that are not manifests. The layers of schema 1
 * have no size.
 */
export function blobsOf(manifest: Exclude<Manifest, Schema1Manifest>): readonly Descriptor[];
export function blobsOf(manifest: Manifest): readonly NamedBlob[];
export function blobsOf(manifest: Manifest): readonly NamedBlob[] {
  switch (manifest.kind) {
    case "schema1":
      return manifest.layers.map(({ digest }) => ({ digest, mediaType: schema1LayerType }));
    case "image":
      return [manifest.config, ...manifest.layers];
    case "artifact":
      return manifest.blobs;
    case "index":
      return manifest.manifests.filter((entry) => !isInstance(entry));
  }
}

/** The type of schema 1 layers, which have none in the manifest. Registries and builders compressed them with gzip. */
export const schema1LayerType = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/**
 * Whether an entry of an index is a manifest. An entry with a platform is one, also if its media type is unknown (OCI
 * image-spec, image-index.md).
 */
export function isInstance({
  mediaType,
  platform,
}: Pick<InstanceDescriptor, "mediaType" | "platform">): boolean {
  const type = bareMediaType(mediaType);
  return platform !== undefined || isManifestMediaType(type);
}

function isConfigMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** The types that registries and builders of 2016 gave the configs of Docker images (moby, issues 22378 and 30083). */
const genericConfigTypes = new Set([
  "application/octet-stream",
  "application/json",
  "text/html",
  "text/plain",
  "",
]);

/** Whether only the content of a config, and not its media type, shows that it is an image config. */
export function isGenericConfigType(mediaType: string): boolean {
  return genericConfigTypes.has(mediaType);
}

function parseImage(mediaType: ManifestMediaType, value: JSONObject): ImageManifest {
  const isDocker = mediaType === mediaTypes.dockerManifest;
  const config = (isDocker ? parseDescriptorWithoutType : parseDescriptor)(
    "config",
    value["config"],
  );
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
    artifactType: stringField("the manifest", value, "artifactType") || undefined,
    subject: hasSubject ? parseDescriptor("subject", subject) : undefined,
    annotations: parseStringRecord("annotations", annotations) ?? {},
  };
}

/** A missing os or architecture becomes `unknown`, which matches no requested platform. */
function parseEntryPlatform(value: unknown): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJSONObject(value)) throw invalidDocument("manifest", "a platform is not an object");
  const textOf = (key: string): string | undefined =>
    stringField("a platform", value, key) || undefined;
  const platform = {
    os: textOf("os") ?? "unknown",
    architecture: textOf("architecture") ?? "unknown",
  };
  const variant = textOf("variant");
  const osVersion = textOf("os.version");
  const osFeatures = textsOf(value["os.features"]);
  return {
    ...platform,
    ...(variant !== undefined && { variant }),
    ...(osVersion !== undefined && { osVersion }),
    ...(osFeatures.length > 0 && { osFeatures }),
  };
}

/** @throws ImageError `invalid-manifest` */
function textsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw invalidDocument("manifest", "os.features of a platform is not a list of strings");
}
