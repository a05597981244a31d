import { createBucket, getBucketLocation, headBucket } from "./buckets.ts";
import { completeUpload } from "./complete-upload.ts";
import { copyObject, uploadPartCopy } from "./copy-object.ts";
import { deleteObject, deleteObjects } from "./delete-objects.ts";
import { getObject } from "./get-object.ts";
import { listObjects } from "./list-objects.ts";
import { abortUpload, createUpload } from "./multipart-uploads.ts";
import type { Operation } from "./operation.ts";
import { putObject } from "./put-object.ts";
import { S3Error } from "./s3-error.ts";
import type { OperationName, RequestPrice } from "./s3-log.ts";
import type { S3Request } from "./s3-request.ts";
import type { Handler } from "./s3-state.ts";
import { listParts, listUploads } from "./upload-listings.ts";
import { uploadPart } from "./upload-part.ts";

/** An operation with its handler. */
export interface HandledOperation extends Operation {
  readonly handler: Handler;
}

const responses = [
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-content-type",
  "response-expires",
];

const operations: readonly HandledOperation[] = [
  operation("PUT bucket", "CreateBucket", "s3:CreateBucket", createBucket),
  operation("HEAD bucket", "HeadBucket", "s3:ListBucket", headBucket),
  operation("GET bucket ?location", "GetBucketLocation", "s3:GetBucketLocation", getBucketLocation),
  operation("GET bucket ?list-type", "ListObjectsV2", "s3:ListBucket", listObjects, {
    price: "put",
    takes: [
      "prefix",
      "delimiter",
      "continuation-token",
      "max-keys",
      "start-after",
      "encoding-type",
      "fetch-owner",
    ],
  }),
  operation(
    "GET bucket ?uploads",
    "ListMultipartUploads",
    "s3:ListBucketMultipartUploads",
    listUploads,
    {
      price: "put",
      takes: [
        "prefix",
        "delimiter",
        "key-marker",
        "upload-id-marker",
        "max-uploads",
        "encoding-type",
      ],
    },
  ),
  operation("POST bucket ?delete", "DeleteObjects", undefined, deleteObjects, {
    price: "free",
  }),
  operation("PUT object", "PutObject", "s3:PutObject", putObject),
  operation("GET object", "GetObject", "s3:GetObject", getObject, {
    takes: ["partNumber", ...responses],
  }),
  operation("HEAD object", "HeadObject", "s3:GetObject", getObject, {
    takes: ["partNumber", ...responses],
  }),
  operation("DELETE object", "DeleteObject", "s3:DeleteObject", deleteObject),
  operation("PUT object", "CopyObject", "s3:PutObject", copyObject, { copies: true }),
  operation("POST object ?uploads", "CreateMultipartUpload", "s3:PutObject", createUpload),
  operation("PUT object ?partNumber&uploadId", "UploadPart", "s3:PutObject", uploadPart),
  operation("PUT object ?partNumber&uploadId", "UploadPartCopy", "s3:PutObject", uploadPartCopy, {
    copies: true,
  }),
  operation("GET object ?uploadId", "ListParts", "s3:ListMultipartUploadParts", listParts, {
    price: "put",
    takes: ["max-parts", "part-number-marker"],
  }),
  operation("POST object ?uploadId", "CompleteMultipartUpload", "s3:PutObject", completeUpload),
  operation(
    "DELETE object ?uploadId",
    "AbortMultipartUpload",
    "s3:AbortMultipartUpload",
    abortUpload,
  ),
];

/** Parameters that every operation accepts. */
const everywhere = /^(?:x-id|X-Amz-.+)$/;

/** Finds the operation of a request. @throws S3Error for an unknown operation, or a parameter that it does not accept */
export function operationOf({ method, query, headers, bucket, key }: S3Request): HandledOperation {
  const on = key === "" ? "bucket" : "object";
  const copies = "x-amz-copy-source" in headers;
  const named = [...query.keys()].filter((name) => !everywhere.test(name));
  const found = operations
    .filter((one) => one.method === method && one.on === on && one.copies === copies)
    .filter(({ marks }) => marks.every((mark) => named.includes(mark)))
    .toSorted((a, b) => b.marks.length - a.marks.length)[0];
  if (found === undefined || bucket === "") {
    const isKnown = ["GET", "HEAD", "PUT", "POST", "DELETE"].includes(method);
    throw isKnown
      ? unknown(named)
      : new S3Error(
          "MethodNotAllowed",
          "The specified method is not allowed against this resource.",
        );
  }
  const odd = named.find((name) => ![...found.marks, ...found.takes].includes(name));
  if (odd !== undefined) throw unknown([odd]);
  const doubled = named.find((name, at) => named.indexOf(name) < at);
  if (doubled === undefined) return found;
  throw new S3Error("InvalidArgument", "A parameter of the query comes twice", {
    details: { ArgumentName: doubled },
  });
}

function unknown(parameters: readonly string[]): S3Error {
  return new S3Error(
    "NotImplemented",
    "This combination of method and query parameters is not an operation",
    {
      details: {
        Parameters: parameters.join(", "),
      },
    },
  );
}

/** `line`: method, subject, and the marks in the query. */
function operation(
  line: string,
  name: OperationName,
  action: string | undefined,
  handler: Handler,
  {
    price,
    takes = [],
    copies = false,
  }: { price?: RequestPrice; takes?: readonly string[]; copies?: boolean } = {},
): HandledOperation {
  const [method = "", on, marks = ""] = line.split(" ");
  return {
    name,
    method,
    on: on === "bucket" ? "bucket" : "object",
    marks: marks === "" ? [] : marks.slice(1).split("&"),
    takes,
    copies,
    action,
    price: price ?? priceOf(method),
    handler,
  };
}

function priceOf(method: string): RequestPrice {
  if (method === "DELETE") return "free";
  return method === "GET" || method === "HEAD" ? "get" : "put";
}
