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

test("a bucket that is not there is named", async () => {
  await using server = await startBucket({ buckets: ["other"] });
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "not-found", s3Code: "NoSuchBucket", status: 404 });
  expect(error.message).toMatch(/no bucket bucket/);
});

test("a layout that is not there is not-found", async () => {
  await using server = await startBucket();
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "not-found", retryable: false });
  expect(error.message).toMatch(/s3:\/\/bucket\/a\/b/);
});

test("what is not allowed is named, and on which key", async () => {
  const policy = ({ action }: { action: string }): boolean => action !== "s3:PutObject";
  await using server = await startBucket({ policy });
  const image = await inMemory(await randomImage("denied", { layers: 1 }));
  const to = transportTo(server).parseReference("//bucket/a/b:tag");
  const error = await failureOf(copyImage(image, to));
  expect(error).toMatchObject({ code: "denied", retryable: false });
  expect(error.message).toMatch(/s3:PutObject/);
  expect(error.message).toMatch(/s3:\/\/bucket\/a\/b\/blobs\/sha256\/[0-9a-f]{64}/);
});

test("whoever may not list a bucket is told that what he reads may not be there", async () => {
  const policy = ({ action }: { action: string }): boolean => action !== "s3:ListBucket";
  await using server = await startBucket({ policy });
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "denied" });
  expect(error.message).toMatch(/s3:GetObject.*s3:ListBucket/);
});

test("the right region is named", async () => {
  await using server = await startBucket({
    buckets: [],
    externalBuckets: { bucket: "eu-central-1" },
  });
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "unavailable", retryable: false });
  expect(error.message).toMatch(/set the region eu-central-1/);
});

test("a request signed for another region is told which one is right", async () => {
  await using server = await startBucket({ region: "eu-west-3" });
  const error = await failureToRead(server, { region: "us-east-1" });
  expect(error).toMatchObject({ code: "unavailable", retryable: false });
  expect(error.message).toMatch(/eu-west-3/);
});

test("credentials that have expired are called so", async () => {
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
])("credentials with %s are told apart, and stay a secret", async (_, credentials, s3Code) => {
  await using server = await startBucket();
  const error = await failureToRead(server, { credentials });
  expect(error).toMatchObject({ code: "denied", s3Code });
  expect(error.message).not.toMatch(/hunter2/);
});

test("a clock that is a little wrong is made up for, and one that stays wrong is called so", async () => {
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

test("a store that is busy is tried again, and called so when that does not help", async () => {
  const fault = { kind: "error", code: "SlowDown" } as const;
  await using server = await startBucket({ faults: [{ fault }] });
  expect(await failureToRead(server)).toMatchObject({ code: "not-found" });
  await using busy = await startBucket({ faults: [{ fault, times: 100 }] });
  const error = await failureToRead(busy);
  expect(error).toMatchObject({ code: "unavailable", s3Code: "SlowDown", retryable: true });
  expect(error).toBeInstanceOf(S3Error);
  expect(error.message).toMatch(/busy/);
});

test("a store that is not there is unavailable", async () => {
  const server = await startBucket();
  await server[Symbol.asyncDispose]();
  const error = await failureToRead(server);
  expect(error).toMatchObject({ code: "unavailable", retryable: true });
  expect(error.message).toMatch(/refuses connections/);
});

describe("where there are no credentials", () => {
  beforeEach(() => {
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    for (const name of ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "PROFILE", "SESSION_TOKEN"])
      vi.stubEnv(`AWS_${name}`, undefined);
  });
  afterEach(() => vi.unstubAllEnvs());

  test.each<[string, S3Settings]>([
    ["at all", {}],
    ["of a profile", { profile: "nobody" }],
  ])("%s it is said where they could be", async (_, settings) => {
    const reference = s3(settings).parseReference("//bucket/a:tag");
    const error = await failureOf(reference.newImageSource());
    expect(error).toMatchObject({ code: "denied" });
    expect(error.message).toMatch(/AWS_ACCESS_KEY_ID/);
  });
});

test("an abort passes through untouched, whatever is waited for", async () => {
  const fault = { kind: "error", code: "SlowDown" } as const;
  await using server = await startBucket({ faults: [{ fault, times: 100 }] });
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = new Retries({ initialDelay: 60_000, onRetry: () => controller.abort(reason) });
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  const options = { signal: controller.signal, retries: waiting };
  await expect(reference.newImageSource(options)).rejects.toBe(reason);
});
