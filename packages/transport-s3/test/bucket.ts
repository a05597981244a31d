import type { ImageTransport } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import type { LoggedS3Request, S3Server } from "@drayage/mock-servers";
import { onTestFinished } from "vitest";

import { s3 } from "../src/index.ts";
import type { S3Reference, S3Settings } from "../src/index.ts";

/** A server with one bucket named `bucket`. */
export async function startBucket(settings?: Parameters<typeof startS3>[0]): Promise<S3Server> {
  const server = await startS3(settings);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** A new transport, like that of another process. By default, the store honours conditions. */
export function transportTo(
  { access }: S3Server,
  settings: S3Settings = {},
): ImageTransport<S3Reference> {
  return s3({ ...access, conditionalWrites: true, ...settings });
}

/** How many requests of an operation, such as `PutObject`, were sent. */
export function countOf(requests: readonly LoggedS3Request[], ...operations: string[]): number {
  return requests.filter(({ operation = "" }) => operations.includes(operation)).length;
}
