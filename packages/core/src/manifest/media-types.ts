/** The media types of manifests and configs (OCI image-spec, media-types.md; distribution, "Image Manifest V 2"). */
export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  /** From the drafts of OCI 1.1: notation and oras used it for signatures and SBOMs. */
  ociArtifact: "application/vnd.oci.artifact.manifest.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

/** The manifest types that core reads. */
export type ManifestMediaType =
  | typeof mediaTypes.ociManifest
  | typeof mediaTypes.ociIndex
  | typeof mediaTypes.ociArtifact
  | typeof mediaTypes.dockerManifest
  | typeof mediaTypes.dockerList
  | typeof mediaTypes.dockerSchema1
  | typeof mediaTypes.dockerSchema1Signed;

/** The manifest types that core writes, the preferred first. */
export const manifestMediaTypes: readonly ManifestMediaType[] = [
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
];

/** True for the types that core reads, without parameters and in lower case. */
export function isManifestMediaType(mediaType: string | undefined): mediaType is ManifestMediaType {
  return (
    mediaType === mediaTypes.ociArtifact ||
    isSchema1MediaType(mediaType) ||
    (manifestMediaTypes as readonly (string | undefined)[]).includes(mediaType)
  );
}

/** True for the types of Docker's schema 1. Both have the same content, with or without signatures. */
export function isSchema1MediaType(mediaType: string | undefined): boolean {
  return mediaType === mediaTypes.dockerSchema1Signed || mediaType === mediaTypes.dockerSchema1;
}

/** True for an OCI index and a Docker manifest list. */
export function isIndexMediaType(mediaType: string | undefined): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** Removes parameters and converts to lower case: `Application/JSON; charset=utf-8` becomes `application/json`. */
export function bareMediaType(mediaType: string): string {
  return mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** The family of formats that a manifest type belongs to. */
export function familyOf(mediaType: string): "oci" | "docker" {
  const isOCI = mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.ociIndex;
  return isOCI ? "oci" : "docker";
}
