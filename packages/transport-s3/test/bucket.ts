import type { ImageTransport } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import type { LoggedS3Request, S3Server } from "@drayage/mock-servers";
import { onTestFinished } from "vitest";

import { s3 } from "../src/index.ts";
import type { S3Reference, S3Settings } from "../src/index.ts";

/** A server with one bucket called `bucket`, gone after the test. */
export async function startBucket(settings?: Parameters<typeof startS3>[0]): Promise<S3Server> {
  const server = await startS3(settings);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** A transport of its own, as another process would have; conditions are kept, unless something else is said. */
export function transportTo(
  { access }: S3Server,
  settings: S3Settings = {},
): ImageTransport<S3Reference> {
  return s3({ ...access, conditionalWrites: true, ...settings });
}

/** How often what was asked: `PutObject`. */
export function countOf(requests: readonly LoggedS3Request[], ...operations: string[]): number {
  return requests.filter(({ operation = "" }) => operations.includes(operation)).length;
}
