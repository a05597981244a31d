import { createHash } from "node:crypto";

import { unchunked } from "./aws-chunked.ts";
import { notImplemented, S3Error } from "./s3-error.ts";
import type { Call } from "./s3-state.ts";

/** Decodes the body. Throws at the end if it does not match its signature. */
export async function* verifiedBytes(
  call: Call,
  trailers: Map<string, string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { body, headers, signature } = call;
  const payload = signature?.payload ?? headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD";
  const isChunked = payload.startsWith("STREAMING-");
  const sha256 = /^[\da-f]{64}$/.test(payload) ? createHash("sha256") : undefined;
  let size = 0;
  for await (const chunk of isChunked ? unchunked(body, signature, trailers) : body) {
    sha256?.update(chunk);
    size += chunk.byteLength;
    yield chunk;
  }
  if (size !== lengthOf(call)) {
    throw new S3Error(
      "IncompleteBody",
      "You did not provide the number of bytes specified by the Content-Length HTTP header.",
    );
  }
  const computed = sha256?.digest("hex");
  if (computed === undefined || computed === payload) return;
  throw new S3Error(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { details: { ClientComputedContentSHA256: payload, S3ComputedContentSHA256: computed } },
  );
}

/**
 * The length of the decoded body. @throws S3Error `MissingContentLength`, `NotImplemented` for a body of unknown length
 */
export function lengthOf({ headers, signature }: Call): number {
  const payload = signature?.payload ?? headers["x-amz-content-sha256"];
  const isChunked = payload?.startsWith("STREAMING-") === true;
  const length = headers[isChunked ? "x-amz-decoded-content-length" : "content-length"];
  if (length !== undefined && /^\d+$/.test(length)) return Number(length);
  if (!isChunked && headers["transfer-encoding"] !== undefined) {
    throw notImplemented("Transfer-Encoding");
  }
  throw new S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.");
}
