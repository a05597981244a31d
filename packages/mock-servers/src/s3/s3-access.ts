import type { S3Credentials } from "./s3-settings.ts";

/** The client configuration, in the form of `new S3Client(…)`. */
export interface S3Access {
  /** `http://127.0.0.1:5000` */
  readonly endpoint: string;
  readonly region: string;
  readonly forcePathStyle: true;
  readonly credentials: S3Credentials;
}
