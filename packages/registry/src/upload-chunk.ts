import { bareMediaType } from "@drayage/core/manifest";

import { ErrorResponse } from "./http/error-response.ts";
import { locationOf } from "./registry-state.ts";
import type { Call, RegistryState } from "./registry-state.ts";
import type { Upload } from "./uploads.ts";

/** Appends the body of a request to an upload, after the checks of the specification. @throws ErrorResponse */
export async function appendChunk(call: Call, upload: Upload, state: RegistryState): Promise<void> {
  const { chunkMinLength = 0 } = state.settings;
  checkSize(call, state);
  checkRange(call, upload, state);
  checkLocation(call, upload);
  if (upload.hasLastChunk) {
    throw new ErrorResponse(
      "BLOB_UPLOAD_INVALID",
      `Only the last chunk may be smaller than the ${chunkMinLength} bytes of OCI-Chunk-Min-Length`,
    );
  }
  const before = upload.size;
  await append(call, upload, state);
  upload.hasLastChunk = upload.size - before < chunkMinLength;
}

async function append({ body }: Call, upload: Upload, state: RegistryState): Promise<void> {
  const { brokenChunks = "keep" } = state.settings;
  if (brokenChunks === "drop") return upload.appendWhole(body);
  try {
    await upload.append(body);
  } catch (error) {
    if (brokenChunks === "end-upload") {
      state.uploads.forget(upload);
      await upload.discard();
    }
    throw error;
  }
}

/**
 * The location of the next chunk, which changes with every byte, and the received range. The range is `0-0` for no
 * bytes and for one byte, because it cannot be empty.
 */
export function progressHeaders(
  { id, repository, size }: Upload,
  state: RegistryState,
): Readonly<Record<string, string>> {
  const { chunkMinLength } = state.settings;
  return {
    Location: locationOf(`/v2/${repository}/blobs/uploads/${id}?offset=${size}`, state),
    Range: `0-${Math.max(size - 1, 0)}`,
    "Docker-Upload-UUID": id,
    ...(chunkMinLength !== undefined && { "OCI-Chunk-Min-Length": `${chunkMinLength}` }),
  };
}

/** @throws ErrorResponse if the client used a location other than that of the last response */
export function checkLocation({ query }: Call, upload: Upload): void {
  if (query.get("offset") === `${upload.size}`) return;
  throw new ErrorResponse(
    "BLOB_UPLOAD_INVALID",
    "Use the Location of the last response unchanged; GET returns it again",
  );
}

/** @throws ErrorResponse with status 413 if `Content-Length` exceeds the limit */
export function checkSize({ headers }: Call, { settings: { maxBodySize } }: RegistryState): void {
  if (maxBodySize === undefined || Number(headers["content-length"] ?? 0) <= maxBodySize) return;
  throw new ErrorResponse("SIZE_INVALID", `The maximum size of a request is ${maxBodySize} bytes`, {
    status: 413,
  });
}

/** Whole blobs and last chunks require a `Content-Length`. @throws ErrorResponse `SIZE_INVALID` */
export function checkLength({ headers }: Call): void {
  if (headers["transfer-encoding"] === undefined) return;
  throw new ErrorResponse(
    "SIZE_INVALID",
    "A Content-Length is required; only PATCH accepts a stream",
  );
}

/** @throws ErrorResponse */
export function checkContentType({ headers }: Call): void {
  if (bareMediaType(headers["content-type"] ?? "") === "application/octet-stream") return;
  throw new ErrorResponse(
    "BLOB_UPLOAD_INVALID",
    "The Content-Type must be application/octet-stream",
  );
}

export function hasBody({ headers }: Call): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Chunks must be in order, and their length must match their range. */
function checkRange(call: Call, upload: Upload, state: RegistryState): void {
  const range = call.headers["content-range"];
  if (range === undefined) return;
  checkLength(call);
  const [, start, end] = /^([0-9]+)-([0-9]+)$/.exec(range) ?? [];
  if (start === undefined) {
    throw new ErrorResponse("BLOB_UPLOAD_INVALID", "Content-Range must be START-END", {
      detail: { range },
    });
  }
  if (Number(start) !== upload.size) {
    throw new ErrorResponse("BLOB_UPLOAD_INVALID", `The next chunk must start at ${upload.size}`, {
      status: 416,
      headers: progressHeaders(upload, state),
      detail: { range },
    });
  }
  if (Number(end) - Number(start) + 1 === Number(call.headers["content-length"])) return;
  throw new ErrorResponse(
    "SIZE_INVALID",
    "Content-Range and Content-Length contradict each other",
    {
      detail: { range },
    },
  );
}
