import type { Descriptor, Digest, Manifest } from "@drayage/core";

/** A manifest whose `subject` the registry took no notice of. */
export interface UnlistedReferrer {
  readonly subject: Digest;
  /** As a list of referrers names it. */
  readonly referrer: Descriptor;
}

/**
 * What a list of referrers has to say of a manifest (OCI distribution-spec, "Pushing Manifests with Subject"); undefined
 * where it has no subject.
 */
export function unlistedReferrer(
  manifest: Manifest,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
): UnlistedReferrer | undefined {
  const { subject, mediaType, annotations } = manifest;
  if (subject === undefined) return undefined;
  const configType = manifest.kind === "image" ? manifest.config.mediaType : undefined;
  const artifactType = manifest.artifactType ?? configType;
  const hasAnnotations = Object.keys(annotations).length > 0;
  return {
    subject: subject.digest,
    referrer: {
      mediaType,
      digest,
      size,
      ...(artifactType !== undefined && { artifactType }),
      ...(hasAnnotations && { annotations }),
    },
  };
}
