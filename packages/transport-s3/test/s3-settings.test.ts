import { writeFile } from "node:fs/promises";
import path from "node:path";

import { S3Client } from "@aws-sdk/client-s3";
import { hexOf } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { assertImage, randomImage, writeImage } from "@drayage/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";

import { s3 } from "../src/index.ts";
import { startBucket, transportTo } from "./bucket.ts";

const image = await randomImage("settings", { layers: 1 });

afterEach(() => vi.unstubAllEnvs());

test("blobs get the headers of the settings; the index is encrypted and not cached", async () => {
  await using server = await startBucket();
  const transport = transportTo(server, {
    storageClass: "INTELLIGENT_TIERING",
    cacheControl: "max-age=60",
    encryption: { algorithm: "aws:kms", keyId: "arn:aws:kms:us-east-1:1:key/a" },
  });
  await writeImage(image, transport.parseReference("//bucket/a:tag"));
  const headersOf = async (key: string): Promise<object | undefined> =>
    (await server.bucket().find(key))?.headers;
  const encryption = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:1:key/a",
  };
  for (const digest of [...image.blobs.keys(), image.manifest.digest])
    expect(await headersOf(`a/blobs/sha256/${hexOf(digest)}`)).toMatchObject({
      ...encryption,
      "cache-control": "max-age=60",
      "x-amz-storage-class": "INTELLIGENT_TIERING",
    });
  const ofIndex = await headersOf("a/index.json");
  expect(ofIndex).toMatchObject({ ...encryption, "cache-control": "no-cache" });
  expect(ofIndex).not.toHaveProperty("x-amz-storage-class");
});

test("a custom client is used unchanged", async () => {
  await using server = await startBucket();
  const client = new S3Client({ ...server.access });
  const reference = s3({ client }).parseReference("//bucket/a:tag");
  await writeImage(image, reference);
  await assertImage(reference, image);
});

describe("defaults are those of the AWS tools:", () => {
  test.each([
    // The SDK reads the endpoint from a profile only if the environment selects the profile.
    ["the profile of a setting", true, {}],
    ["the profile of the environment", false, { AWS_PROFILE: "stored" }],
  ])("%s", async (_, isSetting, environment) => {
    await using server = await startBucket({ region: "eu-west-3" });
    const { endpoint, credentials } = server.access;
    const folder = await scratchFolder();
    const [config, secrets] = [path.join(folder, "config"), path.join(folder, "credentials")];
    const profile = ["region = eu-west-3", `endpoint_url = ${endpoint}`].join("\n");
    await writeFile(config, `[profile stored]\n${profile}\n`);
    const { accessKeyId, secretAccessKey } = credentials;
    const who = [
      `aws_access_key_id = ${accessKeyId}`,
      `aws_secret_access_key = ${secretAccessKey}`,
    ].join("\n");
    await writeFile(secrets, `[stored]\n${who}\n`);
    vi.stubEnv("AWS_CONFIG_FILE", config);
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", secrets);
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const settings = isSetting ? { profile: "stored", endpoint } : { forcePathStyle: true };
    const reference = s3(settings).parseReference("//bucket/a:tag");
    await writeImage(image, reference);
    await assertImage(reference, image);
  });
});
