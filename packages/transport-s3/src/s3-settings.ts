import type { S3Client } from "@aws-sdk/client-s3";
import type { DestinationAccepts, SystemContext } from "@drayage/core";

/** Settings of `s3()`. */
export interface S3Settings {
  /**
   * A client to use instead of the settings for connections and credentials. Its own retries, if any, are in addition to
   * those of a copy.
   */
  readonly client?: S3Client | undefined;
  /** Default: `AWS_REGION` or the profile, else us-east-1. */
  readonly region?: string | undefined;
  /** The origin of a store other than AWS. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or the profile. */
  readonly endpoint?: string | undefined;
  /** Whether URLs have the bucket in the path instead of the host name. Default: true with an `endpoint`. */
  readonly forcePathStyle?: boolean | undefined;
  /** A profile of the AWS config files, for credentials and region. Default: `AWS_PROFILE`. */
  readonly profile?: string | undefined;
  /**
   * `anonymous` sends requests without a signature, for public buckets. Default: the credentials that the AWS SDK finds
   * in environment variables, config files or the metadata of the machine.
   */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>) | "anonymous" | undefined;
  /**
   * Bytes, at least 5 MiB. Smaller blobs are written and read in one request, larger ones in parts of this size. Parts
   * are larger if there would be more than 10 000. Default 16 MiB.
   */
  readonly partSize?: number | undefined;
  /**
   * How many parts are written at once, of all blobs together, and how many ranges of one blob are read at once. Each is
   * buffered in memory, except the range that is read next. Default 4.
   */
  readonly concurrency?: number | undefined;
  /** The storage class of blobs, such as `STANDARD_IA` or `INTELLIGENT_TIERING`. Default: that of the bucket. */
  readonly storageClass?: string | undefined;
  /** Encryption by the store. Default: that of the bucket. */
  readonly encryption?: S3Encryption | undefined;
  /** The `Cache-Control` header of blobs, which never change. Default `max-age=31536000, immutable`. */
  readonly cacheControl?: string | undefined;
  /** A folder for the blobs of several layouts, such as `s3://BUCKET/_blobs`, instead of `blobs` in each. Blobs in it are never deleted. */
  readonly blobs?: string | undefined;
  /**
   * Whether the store honours `If-Match` and `If-None-Match` on writes. If not, writers of a layout exclude each other by a
   * lock object. All writers of a layout must use the same value. Default: true for AWS; other stores are probed on the
   * first write.
   */
  readonly conditionalWrites?: boolean | undefined;
  /**
   * A local folder that records multipart uploads, so a later run resumes interrupted ones and aborts those of killed
   * processes. Processes may share it. Default: none; interrupted uploads start again.
   */
  readonly journal?: string | undefined;
  /** Milliseconds without data after which a connection fails. Default 60 000. */
  readonly idleTimeout?: number | undefined;
  /** The environment for `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. The SDK reads its own variables from `process.env`. */
  readonly system?: SystemContext | undefined;
  /**
   * Whether copied layers are preserved, compressed or decompressed. Default: `preserve`, and `compress` for sources that
   * generate their manifests (docker archives, container engines, root file systems).
   */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}

/** The credentials for a store. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The token of temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** When a function that returns them is called again. Default: never. */
  readonly expiration?: Date | undefined;
}

/** How objects are encrypted at rest. */
export type S3Encryption =
  /** With keys that the store manages. */
  | { readonly algorithm: "AES256" }
  /** With a key of AWS KMS. Default: the key that AWS manages for the account. */
  | { readonly algorithm: "aws:kms" | "aws:kms:dsse"; readonly keyId?: string | undefined };
