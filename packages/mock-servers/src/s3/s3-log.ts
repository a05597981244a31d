/** The operations of the mock S3, with Amazon's names. */
export type OperationName =
  | "AbortMultipartUpload"
  | "CompleteMultipartUpload"
  | "CopyObject"
  | "CreateBucket"
  | "CreateMultipartUpload"
  | "DeleteObject"
  | "DeleteObjects"
  | "GetBucketLocation"
  | "GetObject"
  | "HeadBucket"
  | "HeadObject"
  | "ListMultipartUploads"
  | "ListObjectsV2"
  | "ListParts"
  | "PutObject"
  | "UploadPart"
  | "UploadPartCopy";

/** The price class of a request at Amazon: PUT, COPY, POST or LIST; GET or HEAD; or free. */
export type RequestPrice = "put" | "get" | "free";

/** One request. Counters grow while it is processed. */
export interface LoggedS3Request {
  /** undefined for an unknown operation. */
  readonly operation: OperationName | undefined;
  readonly price: RequestPrice | undefined;
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** Without the question mark and the signature. */
  readonly query: string;
  /** undefined until the response starts, and if the connection was closed before. */
  readonly status: number | undefined;
  /** The code of an error response, including those with status 200. */
  readonly code: string | undefined;
  /** Bytes of the body that were read, including the framing of chunks. */
  readonly requestBytes: number;
  /** Bytes of the body that were written. */
  readonly responseBytes: number;
  /** Whether a fault was injected. */
  readonly isFaulty: boolean;
}

/** The mutable form. */
export type OpenS3LogEntry = { -readonly [Key in keyof LoggedS3Request]: LoggedS3Request[Key] };

export function newLogEntry(method: string): OpenS3LogEntry {
  return {
    operation: undefined,
    price: undefined,
    method,
    bucket: "",
    key: "",
    query: "",
    status: undefined,
    code: undefined,
    requestBytes: 0,
    responseBytes: 0,
    isFaulty: false,
  };
}
