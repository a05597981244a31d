import { formatPlatform, nameOf, parseManifest } from "@drayage/core";
import type { Descriptor, Image, ImageInspectInfo, ImageManifest } from "@drayage/core";

import { GoMap, GoTime } from "./go-values.ts";

/**
 * What `inspect` prints of an image, with skopeo's keys in skopeo's order. `Digest` is that of what the name names; all
 * else is of the one image that was chosen there. skopeo has no Variant, Platforms and InstanceDigest.
 */
export function imageSummary(
  image: Image,
  tags: readonly string[],
  info: ImageInspectInfo,
): object {
  return {
    ...nameAndTags(image, tags),
    Created: info.created === undefined ? null : new GoTime(info.created),
    DockerVersion: info.dockerVersion ?? "",
    Labels: mapOf(info.labels),
    Architecture: info.architecture,
    Os: info.os,
    Variant: info.variant,
    ...placeInIndex(image),
    ...layersOf(image),
    Env: info.env ?? null,
  };
}

/** What there is to say of an artifact, which skopeo does not inspect. */
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
    ...placeInIndex(image),
    ...layersOf(image),
  };
}

function nameAndTags(image: Image, tags: readonly string[]): object {
  const name = image.reference?.dockerReference;
  return { Name: name && nameOf(name), Digest: image.manifest.digest, RepoTags: tags };
}

function placeInIndex(image: Image): object {
  const index = parseManifest(image.manifest);
  if (index.kind === "image") return {};
  const platforms = index.manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(platform)],
  );
  // Builders write attestations under this name.
  const real = platforms.filter((platform) => !platform.startsWith("unknown/"));
  return { Platforms: [...new Set(real)], InstanceDigest: image.instance.digest };
}

function layersOf({ layerInfos }: Image): object {
  return {
    Layers: layerInfos.map(({ digest }) => digest),
    LayersData: layerInfos.map(layerData),
  };
}

function layerData({ mediaType, digest, size, annotations }: Descriptor): object {
  return { MIMEType: mediaType, Digest: digest, Size: size, Annotations: mapOf(annotations) };
}

function mapOf(record: Readonly<Record<string, string>> | undefined): GoMap | null {
  return record === undefined ? null : GoMap.of(record);
}
