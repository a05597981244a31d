import type { PlannedS3Fault, SeededS3Faults } from "./s3-fault.ts";
import type { LoggedS3Request, OperationName } from "./s3-log.ts";

/** Somebody who may sign requests. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
  /** From then on `ExpiredToken`. Default: never. */
  readonly expiration?: Date;
}

/** What somebody wants to do, as policies name it. */
export interface S3Action {
  /** `s3:GetObject` */
  readonly action: string;
  readonly operation: OperationName;
  readonly bucket: string;
  /** Empty where it is about the bucket. */
  readonly key: string;
  /** undefined for a request that nobody signed. */
  readonly accessKeyId: string | undefined;
}

/** How far a request has come: nothing of it is done, half of its body is there (where it has one), or all is done and nobody was told. */
export type S3Moment = "arrived" | "half-way" | "done";

/**
 * How an S3 behaves. With none of these it is as strict and as capable as Amazon's; the ones from `conditions` to
 * `minimumPartSize` make it like another store.
 */
export interface S3Settings {
  /** Default `127.0.0.1`. */
  readonly hostname?: string | undefined;
  /** Default: one that is free. */
  readonly port?: number | undefined;
  /** Serves HTTPS with these, both PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** Of this endpoint; requests must be signed for it. Default `us-east-1`. */
  readonly region?: string | undefined;
  /** There from the start. Default: one of the name `bucket`. */
  readonly buckets?: readonly string[] | undefined;
  /** Buckets of other regions by name, with their regions: 301 `PermanentRedirect` to whoever asks here. */
  readonly bucketsElsewhere?: Readonly<Record<string, string>> | undefined;
  /** Whose requests are believed. Default: one, `AK` with the secret `SK`. */
  readonly credentials?: readonly S3Credentials[] | undefined;
  /** Whether requests that nobody signed may do all as well. Default false: 403 `AccessDenied`. */
  readonly anonymous?: boolean | undefined;
  /** Whether something may be done. Who may not `s3:ListBucket` gets 403 for a missing key. Default: everything may. */
  readonly policy?: ((action: S3Action) => boolean) | undefined;
  /** The server's clock: for signatures, what has expired, and `LastModified`. Default: the machine's. */
  readonly now?: (() => Date) | undefined;
  /** Keeps the bytes of objects as files in this folder rather than in memory; all stay there until it is removed. */
  readonly folder?: string | undefined;
  /**
   * What becomes of `If-Match` and `If-None-Match` on writes: honoured (the default); ignored, as by old MinIO;
   * looked at by PutObject alone, with `If-Match` refused though it is right, as by Ceph 16.2; or demanded by a policy
   * of the bucket (403 without, and 501 for a copy with one).
   */
  readonly conditions?: "honoured" | "ignored" | "if-match-refused" | "demanded" | undefined;
  /** Whether checksums other than Content-MD5 are looked at, kept and returned. Default true; else as Ceph 16.2. */
  readonly checksums?: boolean | undefined;
  /** Whether CopyObject and UploadPartCopy are there. Default true; else 501. */
  readonly copies?: boolean | undefined;
  /**
   * Whether an upload that was completed can be completed again in the same way, which changes nothing and is answered
   * as before. Default true; else `NoSuchUpload`, as by MinIO.
   */
  readonly completesAgain?: boolean | undefined;
  /** Whether all parts of an upload but the last must be of one size, as R2 demands. Default false. */
  readonly equalParts?: boolean | undefined;
  /** The fewest bytes of each part but the last. Default 5 MiB. */
  readonly minimumPartSize?: number | undefined;
  /** The most bytes of one PutObject, one part or one copy. Default 5 GiB. */
  readonly largestRequest?: number | undefined;
  /** The most parts of one upload. Default 10,000. */
  readonly mostParts?: number | undefined;
  /** The most entries in one answer of any list. Default 1000. */
  readonly pageSize?: number | undefined;
  /** Called, and waited for, at each moment of each request; what it throws becomes an `InternalError`. */
  readonly watch?:
    | ((request: LoggedS3Request, moment: S3Moment) => void | Promise<void>)
    | undefined;
  /** What goes wrong with which requests. Default: nothing. */
  readonly faults?: readonly PlannedS3Fault[] | SeededS3Faults | undefined;
}

/** Whose requests are believed where nothing else is said. */
export const defaultCredentials: S3Credentials = { accessKeyId: "AK", secretAccessKey: "SK" };
