/** The operations that an S3 of the testkit knows, as Amazon names them. */
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

/** What Amazon asks for a request: as for a PUT, COPY, POST or LIST, as for a GET or a HEAD, or nothing. */
export type RequestPrice = "put" | "get" | "free";

/** One request, as it came in. Counts grow while it is under way. */
export interface LoggedS3Request {
  /** undefined for what is none. */
  readonly operation: OperationName | undefined;
  readonly price: RequestPrice | undefined;
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** Without the question mark and without what signs it. */
  readonly query: string;
  /** undefined as long as there is no answer, and for ever where the connection was cut before. */
  readonly status: number | undefined;
  /** Of an answer that is an error, also one that came late, behind a status of 200. */
  readonly code: string | undefined;
  /** Of the body, as far as it was read; with the frames of a body in chunks. */
  readonly requestBytes: number;
  /** Of the body, as far as it was written. */
  readonly responseBytes: number;
  /** Whether a fault befell it. */
  readonly isFaulty: boolean;
}

/** The same, for those who fill it in. */
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
