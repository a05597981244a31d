import { formatPlatform } from "@drayage/core";
import type { Image, ImageInspectInfo } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import type { ImageManifest, NamedBlob } from "@drayage/core/manifest";
import { nameOf } from "@drayage/core/reference";

import { GoMap, GoNil, GoStruct } from "./go-values.ts";

/**
 * The output of `inspect`, with skopeo's keys in skopeo's order. `Digest` is the digest of the referenced manifest; all
 * other keys describe the selected instance. Variant, Platforms and InstanceDigest are not in skopeo.
 */
export function imageSummary(
  image: Image,
  tags: readonly string[],
  info: ImageInspectInfo,
  config: GoStruct,
): object {
  const inner = config.fields.get("Config") as GoStruct;
  return {
    ...nameAndTags(image, tags, info.tag),
    Created: config.fields.get("Created"),
    DockerVersion: info.dockerVersion ?? "",
    Labels: inner.fields.get("Labels"),
    Architecture: info.architecture,
    Os: info.os,
    Variant: info.variant,
    ...indexFields(image),
    ...layersOf(image.layerInfos),
    Env: inner.fields.get("Env"),
  };
}

/** A summary for templates: `%v` prints only the fields that skopeo has. */
export function summaryFields(summary: object): GoStruct {
  const { Name, Tag, Digest, RepoTags, ...others } = summary as Readonly<Record<string, unknown>>;
  const first = { Name: Name ?? "", Tag: Tag ?? "", Digest, RepoTags };
  const names = "Created DockerVersion Labels Architecture Os Layers Env".split(" ");
  const later = names.flatMap((name) => (name in others ? [[name, others[name]] as const] : []));
  const rest = Object.entries(others).filter(([name]) => !names.includes(name));
  const fields = new Map<string, unknown>([...Object.entries(first), ...later]);
  return new GoStruct("inspect.Output", fields, Object.fromEntries(rest), summary);
}

/** The summary of an artifact. skopeo cannot inspect artifacts. */
export function artifactSummary(
  image: Image,
  tags: readonly string[],
  { artifactType, config, annotations }: ImageManifest,
): object {
  return {
    ...nameAndTags(image, tags),
    ArtifactType: artifactType,
    ConfigType: config.mediaType,
    Annotations: mapOf(annotations),
    ...indexFields(image),
    ...layersOf(image.layerInfos),
  };
}

function nameAndTags(image: Image, tags: readonly string[], tag?: string): object {
  const name = image.reference?.dockerReference;
  return { Name: name && nameOf(name), Tag: tag, Digest: image.manifest.digest, RepoTags: tags };
}

function indexFields(image: Image): object {
  const index = parseManifest(image.manifest);
  if (index.kind !== "index") return {};
  const platforms = index.manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(platform)],
  );
  // Builders list attestations with this platform.
  const real = platforms.filter((platform) => !platform.startsWith("unknown/"));
  return { Platforms: [...new Set(real)], InstanceDigest: image.instance.digest };
}

function layersOf(layers: readonly NamedBlob[]): object {
  return { Layers: layers.map(({ digest }) => digest), LayersData: layers.map(layerData) };
}

/** Go writes an unknown type as an empty text, and an unknown size as -1. */
function layerData({ mediaType = "", digest, size = -1, annotations }: NamedBlob): object {
  return { MIMEType: mediaType, Digest: digest, Size: size, Annotations: mapOf(annotations) };
}

function mapOf(record: Readonly<Record<string, string>> | undefined): GoMap | GoNil {
  return record === undefined ? new GoNil("map") : GoMap.of(record);
}
