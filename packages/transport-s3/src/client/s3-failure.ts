import type { ImageErrorCode } from "@drayage/core";

/** The request that failed, for messages. */
export interface S3RequestContext {
  /** The permission that it needs, as IAM names it, without `s3:`. */
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
  /** The host that the request went to, where it is known. */
  readonly host: string | undefined;
  /** Whether the request was sent without credentials, because the settings say so. */
  readonly isAnonymous: boolean;
}

/** The fields of an error of the SDK that are used. */
export interface S3Failure {
  /** The error code of the store or, without a response, the name of the error. */
  readonly name: string;
  readonly message: string;
  /** The code of a Node error, for connections. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What an `S3Failure` becomes as an `ImageError`. */
export interface S3ErrorMapping {
  readonly code: ImageErrorCode;
  /** For people. */
  readonly why: string;
  /** Default: only for `unavailable`. */
  readonly retryable?: boolean;
}
