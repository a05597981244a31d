import type { Digest } from "@drayage/core";

import { ErrorResponse } from "./http/error-response.ts";
import type { Answer } from "./http/exchange.ts";
import { checkAlgorithm, checkedDigest, pushedDigest } from "./names.ts";
import { locationOf } from "./registry-state.ts";
import type { Call, Handler, RegistryState } from "./registry-state.ts";
import {
  checkContentType,
  checkLength,
  checkLocation,
  checkSize,
  hasBody,
  progressHeaders,
  appendChunk,
} from "./upload-chunk.ts";
import type { Upload } from "./uploads.ts";

/** POST: mounts a blob, stores a whole blob, or opens an upload (OCI distribution-spec, "Pushing blobs"). */
export const startUpload: Handler = async (call, state) => {
  const mounted = mount(call, state);
  if (mounted !== undefined) return created(mounted, call.name, state);
  const digest = call.query.get("digest");
  const { singlePost = true } = state.settings;
  if (digest !== null && singlePost)
    return storeWholeBlob(pushedDigest(digest, state.settings), call, state);
  if (digest === null && hasBody(call)) {
    throw new ErrorResponse(
      "BLOB_UPLOAD_INVALID",
      "Opening an upload requires an empty body: Content-Length: 0",
    );
  }
  checkAlgorithm(call.query.get("digest-algorithm") ?? "sha256", state.settings);
  const upload = await state.uploads.open(call.name);
  return { status: 202, headers: progressHeaders(upload, state) };
};

/** PATCH: appends a chunk or, without `Content-Range`, a stream. */
export const patchUpload: Handler = (call, state) =>
  withUpload(call, state, async (upload) => {
    const isStream = call.headers["content-range"] === undefined;
    if (!isStream || call.headers["content-type"] !== undefined) checkContentType(call);
    await appendChunk(call, upload, state);
    return { status: 202, headers: progressHeaders(upload, state) };
  });

/** PUT: completes the upload, optionally with a last chunk. */
export const finishUpload: Handler = (call, state) =>
  withUpload(call, state, async (upload) => {
    const digest = pushedDigest(call.query.get("digest"), state.settings);
    checkLength(call);
    if (hasBody(call)) {
      checkContentType(call);
      await appendChunk(call, upload, state);
    } else {
      checkLocation(call, upload);
    }
    state.uploads.forget(upload);
    return storeUpload(digest, upload, state);
  });

/** GET: the status of an upload, at any of its locations. */
export const uploadStatus: Handler = (call, state) =>
  withUpload(call, state, async (upload) => ({
    status: 204,
    headers: progressHeaders(upload, state),
  }));

/** DELETE: cancels an upload. */
export const cancelUpload: Handler = (call, state) =>
  withUpload(call, state, async (upload) => {
    state.uploads.forget(upload);
    await upload.discard();
    return { status: 204 };
  });

/** The digest of the mounted blob; undefined if it must be uploaded. */
function mount(
  { name, query }: Call,
  { repositories, settings: { mounts = "from" } }: RegistryState,
): Digest | undefined {
  if (!query.has("mount")) return undefined;
  const digest = checkedDigest(query.get("mount"));
  const from = query.get("from");
  if (mounts === "never") return undefined;
  const named = from === null ? undefined : repositories.find(from);
  const source = mounts === "anywhere" ? repositories.findWithBlob(digest) : named;
  const size = source?.blobs.get(digest);
  if (size === undefined) return undefined;
  repositories.ensure(name).blobs.set(digest, size);
  return digest;
}

async function storeWholeBlob(digest: Digest, call: Call, state: RegistryState): Promise<Answer> {
  checkLength(call);
  checkSize(call, state);
  checkContentType(call);
  const upload = await state.uploads.open(call.name);
  try {
    await upload.append(call.body);
  } catch (error) {
    await upload.discard();
    throw error;
  } finally {
    state.uploads.forget(upload);
  }
  return storeUpload(digest, upload, state);
}

async function storeUpload(digest: Digest, upload: Upload, state: RegistryState): Promise<Answer> {
  const { repository, size } = upload;
  if (!(await upload.finish(digest))) {
    throw new ErrorResponse(
      "DIGEST_INVALID",
      "The digest of the content differs; nothing was stored",
      {
        detail: { digest, size },
      },
    );
  }
  state.repositories.ensure(repository).blobs.set(digest, size);
  return created(digest, repository, state);
}

async function withUpload(
  { name, target }: Call,
  { uploads }: RegistryState,
  work: (upload: Upload) => Promise<Answer>,
): Promise<Answer> {
  return uploads.get(name, target).exclusively(() => work(uploads.get(name, target)));
}

function created(digest: Digest, name: string, state: RegistryState): Answer {
  const location = locationOf(`/v2/${name}/blobs/${digest}`, state);
  return { status: 201, headers: { Location: location, "Docker-Content-Digest": digest } };
}
