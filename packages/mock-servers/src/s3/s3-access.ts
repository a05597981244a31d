import type { S3Credentials } from "./s3-settings.ts";

/** How clients reach an S3; `new S3Client(…)` takes it as it is. */
export interface S3Access {
  /** `http://127.0.0.1:5000` */
  readonly endpoint: string;
  readonly region: string;
  readonly forcePathStyle: true;
  readonly credentials: S3Credentials;
}
