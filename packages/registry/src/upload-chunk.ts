import { bareMediaType } from "@drayage/core";

import { Refusal } from "./http/refusal.ts";
import { locationOf } from "./registry-state.ts";
import type { Call, RegistryState } from "./registry-state.ts";
import type { Upload } from "./uploads.ts";

/** Adds the body of a request to an upload, if it is what the specification lets follow now. @throws Refusal */
export async function takeChunk(call: Call, upload: Upload, state: RegistryState): Promise<void> {
  const { chunkMinLength = 0 } = state.settings;
  checkSize(call, state);
  checkRange(call, upload, state);
  checkLocation(call, upload);
  if (upload.hasLastChunk) {
    throw new Refusal(
      "BLOB_UPLOAD_INVALID",
      `Only the last chunk may have fewer than the ${chunkMinLength} bytes of OCI-Chunk-Min-Length`,
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
 * Where the next chunk goes to, which changes with every byte, and which bytes are there: `0-0` for none as for one,
 * since a range cannot be empty.
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

/** @throws Refusal where a client went on with a location other than that of the last answer */
export function checkLocation({ query }: Call, upload: Upload): void {
  if (query.get("offset") === `${upload.size}`) return;
  throw new Refusal(
    "BLOB_UPLOAD_INVALID",
    "Go on with the Location of the last answer, as it was written; GET tells it again",
  );
}

/** @throws Refusal with status 413 for a body that says that it is longer than one may be */
export function checkSize({ headers }: Call, { settings: { largestBody } }: RegistryState): void {
  if (largestBody === undefined || Number(headers["content-length"] ?? 0) <= largestBody) return;
  throw new Refusal("SIZE_INVALID", `No request may have more than ${largestBody} bytes`, {
    status: 413,
  });
}

/** A body whose length is announced, as a whole blob's and the last chunk's have to be. @throws Refusal `SIZE_INVALID` */
export function checkLength({ headers }: Call): void {
  if (headers["transfer-encoding"] === undefined) return;
  throw new Refusal("SIZE_INVALID", "This needs a Content-Length; only PATCH takes a stream");
}

/** @throws Refusal */
export function checkContentType({ headers }: Call): void {
  if (bareMediaType(headers["content-type"] ?? "") === "application/octet-stream") return;
  throw new Refusal("BLOB_UPLOAD_INVALID", "The Content-Type has to be application/octet-stream");
}

export function hasBody({ headers }: Call): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Chunks come in order, each with as many bytes as its range says. */
function checkRange(call: Call, upload: Upload, state: RegistryState): void {
  const range = call.headers["content-range"];
  if (range === undefined) return;
  checkLength(call);
  const [, start, end] = /^([0-9]+)-([0-9]+)$/.exec(range) ?? [];
  if (start === undefined) {
    throw new Refusal("BLOB_UPLOAD_INVALID", "A Content-Range is written START-END here", {
      detail: { range },
    });
  }
  if (Number(start) !== upload.size) {
    throw new Refusal("BLOB_UPLOAD_INVALID", `The next chunk starts at ${upload.size}`, {
      status: 416,
      headers: progressHeaders(upload, state),
      detail: { range },
    });
  }
  if (Number(end) - Number(start) + 1 === Number(call.headers["content-length"])) return;
  throw new Refusal("SIZE_INVALID", "Content-Range and Content-Length contradict each other", {
    detail: { range },
  });
}
