import { copyImage, Retries } from "@drayage/core";
import type { ImageError } from "@drayage/core";
import { inMemory, randomImage } from "@drayage/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { s3, S3Error } from "../../src/index.ts";
import type { S3Settings } from "../../src/index.ts";
import { startBucket, transportTo } from "../bucket.ts";

const retries = (): Retries => new Retries({ maxAttempts: 2, initialDelay: 1 });

async function failureOf(work: Promise<unknown>): Promise<ImageError> {
  try {
    await work;
  } catch (error) {
    return error as ImageError;
  }
  throw new Error("it did not fail");
}

async function failureToRead(...given: Parameters<typeof transportTo>): Promise<ImageError> {
  const reference = transportTo(...given).parseReference("//bucket/a/b:tag");
  return failureOf(reference.newImageSource({ retries: retries() }));
}

test("the error for an absent bucket has its name", async () => {
  await using server = await startBucket({ buckets: ["other"] });
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "not-found", s3Code: "NoSuchBucket", status: 404 });
  expect(error.message).toMatch(/no bucket bucket/);
});

test("an absent layout is `not-found`", async () => {
  await using server = await startBucket();
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "not-found", retryable: false });
  expect(error.message).toMatch(/s3:\/\/bucket\/a\/b/);
});

test("the error for a missing permission has the permission and the key", async () => {
  const policy = ({ action }: { action: string }): boolean => action !== "s3:PutObject";
  await using server = await startBucket({ policy });
  const image = await inMemory(await randomImage("denied", { layers: 1 }));
  const to = transportTo(server).parseReference("//bucket/a/b:tag");
  const error = await failureOf(copyImage(image, to));
  expect(error).toMatchObject({ code: "denied", retryable: false });
  expect(error.message).toMatch(/s3:PutObject/);
  expect(error.message).toMatch(/s3:\/\/bucket\/a\/b\/blobs\/sha256\/[0-9a-f]{64}/);
});

test("without permission to list, the error explains that the object may be absent", async () => {
  const policy = ({ action }: { action: string }): boolean => action !== "s3:ListBucket";
  await using server = await startBucket({ policy });
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "denied" });
  expect(error.message).toMatch(/s3:GetObject.*s3:ListBucket/);
});

test("the error has the correct region", async () => {
  await using server = await startBucket({
    buckets: [],
    externalBuckets: { bucket: "eu-central-1" },
  });
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "unavailable", retryable: false });
  expect(error.message).toMatch(/set the region eu-central-1/);
});

test("the error for a request that is signed for another region has the correct one", async () => {
  await using server = await startBucket({ region: "eu-west-3" });
  const error = await failureToRead(server, { region: "us-east-1" });
  expect(error).toMatchObject({ code: "unavailable", retryable: false });
  expect(error.message).toMatch(/eu-west-3/);
});

test("the error reports expired credentials", async () => {
  const credentials = { accessKeyId: "AK", secretAccessKey: "SK", expiration: new Date(0) };
  await using server = await startBucket({ credentials: [credentials] });
  const { expiration: _, ...given } = credentials;
  const error = await failureToRead(server, { credentials: given });
  expect(error).toMatchObject({ code: "denied", s3Code: "ExpiredToken" });
  expect(error.message).toMatch(/expired/);
});

test.each([
  ["another secret", { accessKeyId: "AK", secretAccessKey: "hunter2" }, "SignatureDoesNotMatch"],
  ["another key", { accessKeyId: "AX", secretAccessKey: "hunter2" }, "InvalidAccessKeyId"],
])("credentials with %s have their own error without secrets", async (_, credentials, s3Code) => {
  await using server = await startBucket();
  const error = await failureToRead(server, { credentials });
  expect(error).toMatchObject({ code: "denied", s3Code });
  expect(error.message).not.toMatch(/hunter2/);
});

test("a clock offset is corrected, and reported if the correction fails", async () => {
  const now = (): Date => new Date(Date.now() - 3_600_000);
  await using server = await startBucket({ now });
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "not-found" });
  await using strange = await startBucket({
    faults: [{ fault: { kind: "error", code: "RequestTimeTooSkewed" }, times: 10 }],
  });
  const skewed = await failureToRead(strange);
  expect(skewed).toMatchObject({ code: "denied", s3Code: "RequestTimeTooSkewed" });
  expect(skewed.message).toMatch(/clock/);
});

test("a request to a busy store is retried, and then reported", async () => {
  const fault = { kind: "error", code: "SlowDown" } as const;
  await using server = await startBucket({ faults: [{ fault }] });
  expect(await failureToRead(server)).toMatchObject({ code: "not-found" });
  await using busy = await startBucket({ faults: [{ fault, times: 100 }] });
  const error = await failureToRead(busy);
  expect(error).toMatchObject({ code: "unavailable", s3Code: "SlowDown", retryable: true });
  expect(error).toBeInstanceOf(S3Error);
  expect(error.message).toMatch(/busy/);
});

test("an unreachable store is `unavailable`", async () => {
  const server = await startBucket();
  await server[Symbol.asyncDispose]();
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "unavailable", retryable: true });
  expect(error.message).toMatch(/refuses connections/);
});

describe("without credentials", () => {
  beforeEach(() => {
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    for (const name of ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "PROFILE", "SESSION_TOKEN"])
      vi.stubEnv(`AWS_${name}`, undefined);
  });
  afterEach(() => vi.unstubAllEnvs());

  test.each<[string, S3Settings]>([
    ["at all", {}],
    ["of a profile", { profile: "absent" }],
  ])("%s the error explains where to set them", async (_, settings) => {
    const reference = s3(settings).parseReference("//bucket/a:tag");
    const error = await failureOf(reference.newImageSource());
    expect(error).toMatchObject({ code: "denied" });
    expect(error.message).toMatch(/AWS_ACCESS_KEY_ID/);
  });
});

test("an abort rejects with its reason, whatever the request waits for", async () => {
  const fault = { kind: "error", code: "SlowDown" } as const;
  await using server = await startBucket({ faults: [{ fault, times: 100 }] });
  const controller = new AbortController();
  const reason = new Error("aborted by the test");
  const waiting = new Retries({ initialDelay: 60_000, onRetry: () => controller.abort(reason) });
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  const options = { signal: controller.signal, retries: waiting };
  await expect(reference.newImageSource(options)).rejects.toBe(reason);
});
