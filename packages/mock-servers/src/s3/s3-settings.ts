import type { PlannedS3Fault, SeededS3Faults } from "./s3-fault.ts";
import type { LoggedS3Request, OperationName } from "./s3-log.ts";

/** The credentials of a client. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For temporary credentials. */
  readonly sessionToken?: string;
  /** The time after which `ExpiredToken` is returned. The default is never. */
  readonly expiration?: Date;
}

/** An action of a client, as policies name it. */
export interface S3Action {
  /** `s3:GetObject` */
  readonly action: string;
  readonly operation: OperationName;
  readonly bucket: string;
  /** Empty for actions on the bucket. */
  readonly key: string;
  /** undefined for an unsigned request. */
  readonly accessKeyId: string | undefined;
}

/**
 * The progress of a request: nothing is done, half of its body has arrived (if it has one), or it is done but the
 * response is not sent.
 */
export type S3Moment = "arrived" | "half-way" | "done";

/**
 * The behaviour of an S3 server. By default it is as strict and as complete as Amazon S3; the settings from
 * `conditions` to `minPartSize` simulate other stores.
 */
export interface S3Settings {
  /** The default is `127.0.0.1`. */
  readonly hostname?: string | undefined;
  /** The default is a free port. */
  readonly port?: number | undefined;
  /** The PEM certificate and key for HTTPS. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** The region of this endpoint, for which requests must be signed. The default is `us-east-1`. */
  readonly region?: string | undefined;
  /** The initial buckets. The default is one named `bucket`. */
  readonly buckets?: readonly string[] | undefined;
  /** Buckets in other regions, with their regions. Requests get 301 `PermanentRedirect`. */
  readonly externalBuckets?: Readonly<Record<string, string>> | undefined;
  /** The accepted credentials. The default is `AK` with the secret `SK`. */
  readonly credentials?: readonly S3Credentials[] | undefined;
  /** Whether unsigned requests have all permissions. The default is false: 403 `AccessDenied`. */
  readonly anonymous?: boolean | undefined;
  /**
   * Whether an action is allowed. Without `s3:ListBucket`, a missing key is 403. By default every action is allowed.
   */
  readonly policy?: ((action: S3Action) => boolean) | undefined;
  /** The server's clock, for signatures, expiration and `LastModified`. The default is the system clock. */
  readonly now?: (() => Date) | undefined;
  /** Stores the bytes of objects as files in this folder instead of in memory. They are never deleted. */
  readonly folder?: string | undefined;
  /**
   * How `If-Match` and `If-None-Match` of writes are handled: honoured (the default); ignored, as in old MinIO;
   * honoured by PutObject only, with `If-Match` always rejected, as in Ceph 16.2; or required by a bucket policy (403
   * without them, 501 for a copy with them).
   */
  readonly conditions?: "honoured" | "ignored" | "if-match-rejected" | "required" | undefined;
  /**
   * Whether checksums other than Content-MD5 are verified, stored and returned. The default is true; Ceph 16.2 does
   * not.
   */
  readonly checksums?: boolean | undefined;
  /** Whether CopyObject and UploadPartCopy are supported. The default is true; otherwise 501. */
  readonly copies?: boolean | undefined;
  /**
   * Whether completing a completed upload again returns the same response. The default is true; otherwise
   * `NoSuchUpload`, as in MinIO.
   */
  readonly repeatableCompletion?: boolean | undefined;
  /** Whether all parts of an upload except the last must have the same size, as in R2. The default is false. */
  readonly equalParts?: boolean | undefined;
  /** The minimum size of each part except the last. The default is 5 MiB. */
  readonly minPartSize?: number | undefined;
  /** The maximum size of one PutObject, part or copy. The default is 5 GiB. */
  readonly maxRequestSize?: number | undefined;
  /** The maximum number of parts of one upload. The default is 10,000. */
  readonly maxParts?: number | undefined;
  /** The maximum number of entries in one response of a list. The default is 1000. */
  readonly pageSize?: number | undefined;
  /** Called and awaited at each moment of each request. An error becomes an `InternalError`. */
  readonly watch?:
    | ((request: LoggedS3Request, moment: S3Moment) => void | Promise<void>)
    | undefined;
  /** The faults to inject. The default is none. */
  readonly faults?: readonly PlannedS3Fault[] | SeededS3Faults | undefined;
}

/** The credentials that are accepted by default. */
export const defaultCredentials: S3Credentials = { accessKeyId: "AK", secretAccessKey: "SK" };
