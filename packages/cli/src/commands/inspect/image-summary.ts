import { formatPlatform, nameOf, parseManifest } from "@drayage/core";
import type { Descriptor, Image, ImageInspectInfo, ImageManifest } from "@drayage/core";

import { GoMap, GoNil, GoStruct } from "./go-values.ts";

/**
 * What `inspect` prints of an image, with skopeo's keys in skopeo's order. `Digest` is that of what the name names; all
 * else is of the one image that was chosen there. skopeo has no Variant, Platforms and InstanceDigest.
 */
export function imageSummary(
  image: Image,
  tags: readonly string[],
  info: ImageInspectInfo,
  config: GoStruct,
): object {
  const inner = config.fields.get("Config") as GoStruct;
  return {
    ...nameAndTags(image, tags),
    Created: config.fields.get("Created"),
    DockerVersion: info.dockerVersion ?? "",
    Labels: inner.fields.get("Labels"),
    Architecture: info.architecture,
    Os: info.os,
    Variant: info.variant,
    ...placeInIndex(image),
    ...layersOf(image),
    Env: inner.fields.get("Env"),
  };
}

/** A summary as a template sees it: skopeo prints the fields that it has for as long as it exists, and no others. */
export function summaryFields(summary: object): GoStruct {
  const { Name, Digest, RepoTags, ...others } = summary as Readonly<Record<string, unknown>>;
  const first = { Name: Name ?? "", Tag: "", Digest, RepoTags };
  const names = "Created DockerVersion Labels Architecture Os Layers Env".split(" ");
  const later = names.flatMap((name) => (name in others ? [[name, others[name]] as const] : []));
  const rest = Object.entries(others).filter(([name]) => !names.includes(name));
  const fields = new Map<string, unknown>([...Object.entries(first), ...later]);
  return new GoStruct("inspect.Output", fields, Object.fromEntries(rest), summary);
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
  if (index.kind !== "index") return {};
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

function mapOf(record: Readonly<Record<string, string>> | undefined): GoMap | GoNil {
  return record === undefined ? new GoNil("map") : GoMap.of(record);
}
