import { algorithmOf, isImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { readAll, maxManifestSize } from "@drayage/core/content";
import { bareMediaType, manifestDigestOf } from "@drayage/core/manifest";
import { isTag } from "@drayage/core/reference";

import { checkDeletes } from "./deletes.ts";
import { checkAccept } from "./http/accept.ts";
import { ErrorResponse } from "./http/error-response.ts";
import { checkManifest } from "./manifest-check.ts";
import { checkedDigest, pushedDigest } from "./names.ts";
import { locationOf } from "./registry-state.ts";
import type { Call, Handler, RegistryState } from "./registry-state.ts";
import type { Repository, StoredManifest } from "./repositories.ts";

/** GET and HEAD of a manifest by tag or digest (OCI distribution-spec, "Pulling manifests"). */
export const getManifest: Handler = ({ name, target, headers }, { repositories }) => {
  const repository = repositories.get(name);
  const { digest, mediaType, bytes } = manifestOf(repository, target);
  checkAccept(headers.accept, mediaType);
  return {
    status: 200,
    headers: { "Content-Type": mediaType, "Docker-Content-Digest": digest },
    body: bytes,
  };
};

/** PUT of a manifest (OCI distribution-spec, "Pushing Manifests"). */
export const putManifest: Handler = async (call, state) => {
  const { name, target } = call;
  const pinned = pinnedDigest(call, state);
  const tags = pushedTags(call, state);
  const bytes = await manifestBytes(call);
  const contentType = call.headers["content-type"];
  const digest = manifestDigest(bytes, contentType, pinned);
  if (pinned !== undefined && pinned !== digest) {
    throw new ErrorResponse(
      "DIGEST_INVALID",
      "The digest of the manifest differs from the one in the URL",
      {
        detail: { digest },
      },
    );
  }
  const { manifest, mediaType } = checkManifest(bytes, contentType, state, name);
  const repository = state.repositories.ensure(name);
  repository.manifests.set(digest, { bytes, mediaType, digest });
  for (const tag of tags) repository.tags.set(tag, digest);
  const { referrers = true } = state.settings;
  return {
    status: 201,
    headers: {
      Location: locationOf(`/v2/${name}/manifests/${digest}`, state),
      "Docker-Content-Digest": digest,
      ...(target !== tags[0] && tags.length > 0 && { "OCI-Tag": tags.join(", ") }),
      ...(referrers && manifest.subject && { "OCI-Subject": manifest.subject.digest }),
    },
  };
};

/** The digest in the path, or in the query beside a tag. */
function pinnedDigest({ target, query }: Call, { settings }: RegistryState): Digest | undefined {
  const text = target.includes(":") ? target : query.get("digest");
  return text === null ? undefined : pushedDigest(text, settings);
}

/** The tag in the path, or the tags in the query beside a digest. */
function pushedTags({ target, query }: Call, { settings }: RegistryState): readonly string[] {
  const { tagParameters = true } = settings;
  const isPinned = target.includes(":");
  const inQuery = tagParameters ? query.getAll("tag") : [];
  const tags = isPinned ? inQuery : [target];
  const invalid = tags.find((tag) => !isTag(tag));
  if (invalid !== undefined) throw notATag("MANIFEST_INVALID", invalid);
  return tags;
}

function manifestDigest(
  bytes: Uint8Array,
  contentType: string | undefined,
  pinned: Digest | undefined,
): Digest {
  try {
    const mediaType = bareMediaType(contentType ?? "");
    return manifestDigestOf({ bytes, mediaType }, pinned && algorithmOf(pinned));
  } catch (error) {
    if (!isImageError(error)) throw error;
    throw new ErrorResponse("MANIFEST_INVALID", error.message);
  }
}

/** DELETE of a tag, or of a manifest with all its tags. */
export const deleteManifest: Handler = ({ name, target }, { repositories, settings }) => {
  checkDeletes(settings, target);
  const repository = repositories.get(name);
  const { digest } = manifestOf(repository, target);
  if (target === digest) forget(repository, digest);
  else repository.tags.delete(target);
  return { status: 202 };
};

/** @throws ErrorResponse `MANIFEST_UNKNOWN`, `DIGEST_INVALID` */
function manifestOf({ tags, manifests }: Repository, target: string): StoredManifest {
  const isPinned = target.includes(":");
  if (!isPinned && !isTag(target)) throw notATag("MANIFEST_UNKNOWN", target);
  const digest = isPinned ? checkedDigest(target) : tags.get(target);
  const manifest = digest && manifests.get(digest);
  if (manifest !== undefined) return manifest;
  throw new ErrorResponse("MANIFEST_UNKNOWN", "The repository does not have this manifest", {
    detail: { reference: target },
  });
}

/** @throws ErrorResponse with status 413 above 4 MiB */
async function manifestBytes({ body }: Call): Promise<Uint8Array> {
  try {
    return await readAll(body, maxManifestSize);
  } catch (cause) {
    if (!isImageError(cause)) throw cause;
    throw new ErrorResponse(
      "MANIFEST_INVALID",
      `The maximum size of a manifest is ${maxManifestSize} bytes`,
      {
        status: 413,
      },
    );
  }
}

function forget({ manifests, tags }: Repository, digest: Digest): void {
  manifests.delete(digest);
  for (const [tag, tagged] of tags) if (tagged === digest) tags.delete(tag);
}

function notATag(code: "MANIFEST_INVALID" | "MANIFEST_UNKNOWN", reference: string): ErrorResponse {
  return new ErrorResponse(code, "Not a tag ([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}) or digest", {
    detail: { reference },
  });
}
