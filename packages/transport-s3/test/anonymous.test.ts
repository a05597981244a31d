import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { assertImage, randomImage, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { presign, s3 } from "../src/index.ts";
import { startBucket, transportTo } from "./bucket.ts";

const image = await randomImage("public", { layers: 2 });
const credentials = "anonymous";

test("a public bucket is read without a signature", async () => {
  const publicly = ["s3:GetObject", "s3:ListBucket"];
  const signers: (string | undefined)[] = [];
  await using server = await startBucket({
    anonymous: true,
    policy: ({ action, accessKeyId }) => {
      signers.push(accessKeyId);
      return accessKeyId !== undefined || publicly.includes(action);
    },
  });
  await writeImage(image, transportTo(server).parseReference("//bucket/a:tag"));
  signers.splice(0);
  const transport = transportTo(server, { credentials });
  await assertImage(transport.parseReference("//bucket/a:tag"), image);
  expect(new Set(signers)).toEqual(new Set([undefined]));
  const written = writeImage(image, transport.parseReference("//bucket/b:tag"));
  await expect(written).rejects.toMatchObject({ code: "denied" });
});

test("the error for a private bucket explains to use credentials", async () => {
  await using server = await startBucket();
  const reference = transportTo(server, { credentials }).parseReference("//bucket/a:tag");
  await expect(reference.newImageSource()).rejects.toMatchObject({
    code: "denied",
    message: expect.stringMatching(/does not allow anonymous s3:GetObject/),
  });
  await expect(presign(reference)).rejects.toMatchObject({ code: "denied" });
});

describe.skipIf(!isCephInstalled)("Ceph's RADOS Gateway", () => {
  test("allows anonymous reads of a public bucket", async () => {
    await using ceph = await startCeph();
    const Bucket = "bucket";
    const client = new S3Client(ceph.access);
    await client.send(new CreateBucketCommand({ Bucket }));
    await writeImage(image, s3(ceph.access).parseReference("//bucket/a:tag"));
    const reference = s3({ ...ceph.access, credentials }).parseReference("//bucket/a:tag");
    await expect(reference.newImageSource()).rejects.toMatchObject({ code: "denied" });
    const statement = {
      Effect: "Allow",
      Principal: "*",
      Action: ["s3:GetObject", "s3:ListBucket"],
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await assertImage(reference, image);
  });
});
