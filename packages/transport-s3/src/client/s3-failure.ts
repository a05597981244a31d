import type { ImageErrorCode } from "@drayage/core";

/** The request that failed, for messages. */
export interface S3RequestContext {
  /** The required permission as in IAM, without `s3:`. */
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
  /** The host that the request was sent to, if known. */
  readonly host: string | undefined;
  /** Whether the settings require requests without credentials. */
  readonly isAnonymous: boolean;
}

/** The relevant fields of an error of the SDK. */
export interface S3Failure {
  /** The error code of the store or, without a response, the name of the error. */
  readonly name: string;
  readonly message: string;
  /** The code of a Node error, for connections. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The `ImageError` that an `S3Failure` is mapped to. */
export interface S3ErrorMapping {
  readonly code: ImageErrorCode;
  /** The end of the message, for people. */
  readonly reason: string;
  /** Default: only for `unavailable`. */
  readonly retryable?: boolean;
}
