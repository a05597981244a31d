import type { Descriptor, Digest, Manifest } from "@drayage/core";

/** A referrer that the registry does not list under its subject. */
export interface UnlistedReferrer {
  readonly subject: Digest;
  /** Its descriptor in a list of referrers. */
  readonly referrer: Descriptor;
}

/**
 * Creates the referrer for a manifest (OCI distribution-spec, "Pushing Manifests with Subject"); undefined if it has
 * no subject.
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
