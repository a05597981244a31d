import type { Answer } from "@drayage/registry/http";

import { operationOf } from "./operations.ts";
import type { HandledOperation } from "./operations.ts";
import { checkPermission } from "./permissions.ts";
import { notImplemented, S3Error } from "./s3-error.ts";
import { s3FaultSelector } from "./s3-fault-selector.ts";
import type { S3Fault } from "./s3-fault.ts";
import type { S3Request } from "./s3-request.ts";
import { defaultCredentials } from "./s3-settings.ts";
import type { Call, S3State } from "./s3-state.ts";
import { verifySignature } from "./signature.ts";

/** Maps a request to a response. */
export interface S3Router {
  operationOf(request: S3Request): HandledOperation;
  /** Call it once per request. */
  faultOf(request: S3Request, operation: HandledOperation): S3Fault | undefined;
  /** @throws S3Error */
  answer(request: S3Request, operation: HandledOperation): Promise<Answer>;
}

const maxKeyLength = 1024;

/** Verifies the signature, region and permissions of a request, and calls its handler. */
export function s3Router(state: S3State): S3Router {
  const chooseFault = s3FaultSelector(state.settings.faults);
  return {
    operationOf,
    faultOf: ({ key, headers }, { name }) =>
      chooseFault({
        operation: name,
        key,
        hasBody:
          headers["transfer-encoding"] !== undefined || Number(headers["content-length"]) > 0,
        isConditional: "if-match" in headers || "if-none-match" in headers,
      }),
    async answer(request, operation) {
      const { credentials = [defaultCredentials] } = state.settings;
      const { region, now } = state;
      const { bucket, key } = request;
      const { action } = operation;
      checkHeaders(request);
      const signature = verifySignature(request, { credentials, region, now });
      const call: Call = { ...request, operation, signature };
      checkRegion(call, state);
      if (action !== undefined) checkPermission(call, { action, bucket, key }, state);
      checkKey(key);
      return operation.handler(call, state);
    },
  };
}

/** Requests for a bucket in another region are redirected to that region. */
function checkRegion({ bucket }: Call, { settings }: S3State): void {
  const region = settings.externalBuckets?.[bucket];
  if (region === undefined) return;
  const endpoint = `${bucket}.s3.${region}.amazonaws.com`;
  throw new S3Error(
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    {
      details: { Endpoint: endpoint, Bucket: bucket },
      headers: { "x-amz-bucket-region": region },
    },
  );
}

function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size <= maxKeyLength) return;
  throw new S3Error("KeyTooLongError", "Your key is too long", {
    details: { Size: size, MaxSizeAllowed: maxKeyLength },
  });
}

const known = new Set([
  "x-amz-checksum-algorithm",
  "x-amz-checksum-mode",
  "x-amz-checksum-type",
  "x-amz-content-sha256",
  "x-amz-copy-source",
  "x-amz-copy-source-range",
  "x-amz-date",
  "x-amz-decoded-content-length",
  "x-amz-metadata-directive",
  "x-amz-mp-object-size",
  "x-amz-sdk-checksum-algorithm",
  "x-amz-security-token",
  "x-amz-storage-class",
  "x-amz-trailer",
  "x-amz-user-agent",
  "x-amz-website-redirect-location",
]);
const knownBeginnings =
  /^x-amz-(?:meta-.+|checksum-(?:crc32|crc32c|crc64nvme|sha1|sha256)|copy-source-if-(?:none-)?match|copy-source-if-(?:un)?modified-since|server-side-encryption(?:-aws-kms-key-id|-bucket-key-enabled|-context)?)$/;

/** Unknown headers are rejected, because they may be conditions or encryption keys. */
function checkHeaders({ headers }: S3Request): void {
  const odd = Object.keys(headers)
    .filter((name) => name.startsWith("x-amz-"))
    .find((name) => !known.has(name) && !knownBeginnings.test(name));
  if (odd !== undefined) throw notImplemented(odd);
}
