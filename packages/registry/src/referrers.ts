import { mediaTypes } from "@drayage/core";
import type { Descriptor, Manifest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";

import { ErrorResponse } from "./http/error-response.ts";
import { jsonAnswer } from "./http/exchange.ts";
import { checkedDigest } from "./names.ts";
import { pageOf } from "./page.ts";
import type { Handler } from "./registry-state.ts";
import type { StoredManifest } from "./repositories.ts";

/**
 * OCI distribution-spec, "Listing Referrers". An unknown repository has an empty list, because 404 means that the API
 * does not exist.
 */
export const listReferrers: Handler = (call, state) => {
  const { referrers = true } = state.settings;
  if (!referrers)
    throw new ErrorResponse("UNSUPPORTED", "The referrers API is disabled", { status: 404 });
  const subject = checkedDigest(call.target);
  const artifactType = call.query.get("artifactType");
  const manifests = [...(state.repositories.find(call.name)?.manifests.values() ?? [])];
  const found = manifests
    .flatMap((stored) => referrerOf(stored, subject))
    .filter((referrer) => artifactType === null || referrer.artifactType === artifactType);
  const page = pageOf(found, ({ digest }) => digest, call, state);
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: page.entries };
  return jsonAnswer(index, {
    ...page.headers,
    ...(artifactType !== null && { "OCI-Filters-Applied": "artifactType" }),
    "Content-Type": mediaTypes.ociIndex,
  });
};

function referrerOf(stored: StoredManifest, subject: string): readonly Descriptor[] {
  const manifest = readable(stored);
  if (manifest?.subject?.digest !== subject) return [];
  const { mediaType, digest, bytes } = stored;
  const { annotations } = manifest;
  const artifactType = artifactTypeOf(manifest);
  return [
    {
      mediaType,
      digest,
      size: bytes.byteLength,
      ...(artifactType !== undefined && { artifactType }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
  ];
}

function artifactTypeOf(manifest: Manifest): string | undefined {
  const { artifactType } = manifest;
  return manifest.kind === "image" ? (artifactType ?? manifest.config.mediaType) : artifactType;
}

/** undefined for invalid manifests, which tests can store unchecked. */
function readable(stored: StoredManifest): Manifest | undefined {
  try {
    return parseManifest(stored);
  } catch {
    return undefined;
  }
}
