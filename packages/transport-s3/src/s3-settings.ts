import type { S3Client } from "@aws-sdk/client-s3";
import type { DestinationAccepts, SystemContext } from "@drayage/core";

/** How an `s3()` reaches buckets, and how it keeps images in them. */
export interface S3Settings {
  /**
   * A client to use as it is, instead of all that is said here about one. Its own retries, where it has them, come on top
   * of those of a copy.
   */
  readonly client?: S3Client | undefined;
  /** Default: what `AWS_REGION` or the profile says, else us-east-1. */
  readonly region?: string | undefined;
  /** The origin of a store that is not AWS. Default: what `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or the profile of `AWS_PROFILE` says. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket stands in the path rather than in the name of the host. Default: with an `endpoint`. */
  readonly forcePathStyle?: boolean | undefined;
  /** Of the AWS config files, for credentials and region. Default: what `AWS_PROFILE` says. */
  readonly profile?: string | undefined;
  /**
   * `anonymous` asks without a signature, as anybody may of a public bucket. Default: what the AWS SDK finds, in
   * `AWS_ACCESS_KEY_ID` and others, in the config files, or on the machine it runs on.
   */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>) | "anonymous" | undefined;
  /**
   * Bytes, from 5 MiB on. Smaller blobs are written and read in one request, larger ones in parts of this size, or of a
   * larger one where there would be more than 10 000. Default 16 MiB.
   */
  readonly partSize?: number | undefined;
  /**
   * How many parts are written at once, of all blobs together, and how many ranges of one blob are read at once; each is
   * held in memory, but for the range that is wanted next. Default 4.
   */
  readonly concurrency?: number | undefined;
  /** `STANDARD_IA`, `INTELLIGENT_TIERING` and the like, for blobs. Default: what the bucket does. */
  readonly storageClass?: string | undefined;
  /** Encryption by the store. Default: what the bucket does. */
  readonly encryption?: S3Encryption | undefined;
  /** For blobs, which never change. Default `max-age=31536000, immutable`. */
  readonly cacheControl?: string | undefined;
  /** `s3://BUCKET/_blobs`: where several layouts share their blobs, instead of the `blobs` of each. Nothing is ever deleted there. */
  readonly blobs?: string | undefined;
  /**
   * Whether the store keeps `If-Match` and `If-None-Match` of writers; where not, writers of one layout exclude each
   * other by a lock in the bucket. Default: AWS does, others are tried out when a layout is first written to. All who write to a layout have to agree on it.
   */
  readonly conditionalWrites?: boolean | undefined;
  /**
   * A folder on this machine in which uploads in parts are written down, so that a later run goes on with one that broke
   * off, and gives up what a killed process has left. Processes may share it. Default: none, and an upload that breaks off begins anew.
   */
  readonly journal?: string | undefined;
  /** Milliseconds without a sign of life after which a store counts as gone. Default 60 000. */
  readonly idleTimeout?: number | undefined;
  /** Where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are looked up. Whatever the SDK looks up itself, it finds in the process's own environment. */
  readonly system?: SystemContext | undefined;
  /**
   * What becomes of layers that are copied here. Default `preserve`: the same bytes, and so the same digests; but layers
   * of docker archives, engines and root file systems, which have no manifest of their own, are compressed.
   */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}

/** Who one is to a store. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** When they are to be asked for again, where they come from a function. Default: never. */
  readonly expiration?: Date | undefined;
}

/** How objects are encrypted at rest. */
export type S3Encryption =
  /** With keys of the store. */
  | { readonly algorithm: "AES256" }
  /** With a key of AWS KMS; the account's own where none is named. */
  | { readonly algorithm: "aws:kms" | "aws:kms:dsse"; readonly keyId?: string | undefined };
