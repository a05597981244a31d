import { isImageError } from "@drayage/core";
import type { Descriptor, Manifest } from "@drayage/core";
import {
  bareMediaType,
  blobsOf,
  instancesOf,
  manifestMediaTypes,
  parseManifest,
} from "@drayage/core/manifest";
import type { NamedBlob } from "@drayage/core/manifest";

import { ErrorResponse } from "./http/error-response.ts";
import type { RegistryState } from "./registry-state.ts";
import type { Repository } from "./repositories.ts";

/** A valid manifest and the media type to store it with. */
export interface CheckedManifest {
  readonly manifest: Manifest;
  readonly mediaType: string;
}

/** @throws ErrorResponse `MANIFEST_INVALID`, `MANIFEST_BLOB_UNKNOWN` */
export function checkManifest(
  bytes: Uint8Array,
  contentType: string | undefined,
  { settings, repositories }: RegistryState,
  name: string,
): CheckedManifest {
  const { manifestTypes = manifestMediaTypes, checkReferences = true } = settings;
  const mediaType = bareMediaType(contentType ?? "");
  if (!manifestTypes.includes(mediaType)) {
    throw new ErrorResponse(
      "MANIFEST_INVALID",
      `The Content-Type must be one of ${manifestTypes.join(", ")}`,
      { detail: { contentType } },
    );
  }
  const manifest = parsed(bytes, mediaType);
  if (checkReferences) checkReferencedContent(manifest, repositories.find(name));
  return { manifest, mediaType };
}

function parsed(bytes: Uint8Array, mediaType: string): Manifest {
  try {
    return parseManifest({ bytes, mediaType });
  } catch (error) {
    if (!isImageError(error)) throw error;
    throw new ErrorResponse("MANIFEST_INVALID", error.message);
  }
}

/** The subject may be pushed later, and layers with URLs may stay external. */
function checkReferencedContent(manifest: Manifest, repository: Repository | undefined): void {
  if (manifest.kind === "image") {
    const stored = manifest.layers.filter(({ urls }) => urls === undefined);
    for (const blob of [manifest.config, ...stored]) checkBlob(blob, repository);
    return;
  }
  for (const blob of blobsOf(manifest)) checkBlob(blob, repository);
  for (const instance of instancesOf(manifest)) checkInstance(instance, repository);
}

/** Layers of schema 1 have no size. */
function checkBlob(blob: NamedBlob, repository: Repository | undefined): void {
  const size = repository?.blobs.get(blob.digest);
  if (size === undefined) throw unknown("blob", blob);
  if (blob.size !== undefined && size !== blob.size) throw contradiction(blob, { size });
}

function checkInstance(instance: Descriptor, repository: Repository | undefined): void {
  const stored = repository?.manifests.get(instance.digest);
  if (stored === undefined) throw unknown("manifest", instance);
  const { mediaType, bytes } = stored;
  const isRight = mediaType === instance.mediaType && bytes.byteLength === instance.size;
  if (!isRight) throw contradiction(instance, { mediaType, size: bytes.byteLength });
}

function unknown(what: string, { digest }: NamedBlob): ErrorResponse {
  return new ErrorResponse(
    "MANIFEST_BLOB_UNKNOWN",
    `The manifest refers to a ${what} that the repository does not have`,
    {
      detail: { digest },
    },
  );
}

function contradiction({ digest }: NamedBlob, stored: object): ErrorResponse {
  return new ErrorResponse(
    "MANIFEST_INVALID",
    "The manifest refers to content with another size or type",
    {
      detail: { digest, stored },
    },
  );
}
