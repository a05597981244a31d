import type { Digest } from "@drayage/core";

import { checkDeletes } from "./deletes.ts";
import { requestedRange } from "./http/byte-range.ts";
import { ErrorResponse } from "./http/error-response.ts";
import type { Answer } from "./http/exchange.ts";
import { checkedDigest } from "./names.ts";
import type { Call, Handler, RegistryState } from "./registry-state.ts";

/** GET and HEAD of a blob or a range of it (OCI distribution-spec, "Pulling blobs"). */
export const getBlob: Handler = ({ name, target, method, headers }, state) => {
  const digest = checkedDigest(target);
  const size = state.repositories.get(name).blobs.get(digest);
  if (size === undefined) throw unknownBlob(digest);
  const location = method === "GET" ? state.redirectOf?.(digest, size) : undefined;
  if (location !== undefined) return { status: 307, headers: { Location: location } };
  return blobAnswer(digest, size, { method, headers }, state);
};

/** The response for an existing blob. @throws ErrorResponse with status 416 */
export function blobAnswer(
  digest: Digest,
  size: number,
  { method, headers }: Pick<Call, "method" | "headers">,
  { store, settings: { ranges = true } }: Pick<RegistryState, "store" | "settings">,
): Answer {
  const ofBlob = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    ...(ranges && { "Accept-Ranges": "bytes" }),
  };
  // This server sends no validators, so If-Range never matches.
  const canRange = ranges && method === "GET" && headers["if-range"] === undefined;
  const range = canRange ? requestedRange(headers.range, size) : undefined;
  if (range === undefined) {
    const whole = { ...ofBlob, "Content-Length": `${size}` };
    return { status: 200, headers: whole, body: store.read(digest) };
  }
  const { start, end } = range;
  const part = {
    "Content-Length": `${end - start + 1}`,
    "Content-Range": `bytes ${start}-${end}/${size}`,
  };
  return { status: 206, headers: { ...ofBlob, ...part }, body: store.read(digest, range) };
}

/** Removes the blob from this repository. Other repositories keep it. */
export const deleteBlob: Handler = ({ name, target }, { repositories, settings }) => {
  checkDeletes(settings, target);
  const digest = checkedDigest(target);
  if (!repositories.get(name).blobs.delete(digest)) throw unknownBlob(digest);
  return { status: 202 };
};

function unknownBlob(digest: Digest): ErrorResponse {
  return new ErrorResponse("BLOB_UNKNOWN", "The repository does not have this blob", {
    detail: { digest },
  });
}
