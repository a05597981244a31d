import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { hexOf } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import type { S3Access } from "@drayage/mock-servers";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { conformance } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import { s3 } from "../src/index.ts";
import type { S3Settings } from "../src/index.ts";

const Bucket = "bucket";

describe.each<[string, () => Promise<S3Place>, S3Settings]>([
  ["an S3 like Amazon's", () => startS3(), { conditionalWrites: true }],
  ["one with blobs shared by layouts", () => startS3(), { blobs: `s3://${Bucket}/_blobs` }],
  ["one that keeps no conditions", () => startS3({ conditions: "ignored" }), {}],
  [
    "one that copies nothing and keeps no checksums",
    () => startS3({ copies: false, checksums: false }),
    {},
  ],
])("%s", async (_, start, settings) => {
  test.each(await checksOf(await start(), settings))("$name", ({ run }) => run());
});

describe.skipIf(!isCephInstalled)("Ceph's RADOS Gateway", async () => {
  if (!isCephInstalled) return;
  const ceph = await startCeph();
  await clientOf(ceph).send(new CreateBucketCommand({ Bucket }));
  test.each(await checksOf(ceph, {}))("$name", ({ run }) => run());
});

interface S3Place extends AsyncDisposable {
  readonly access: S3Access;
}

function clientOf({ access }: S3Place): S3Client {
  return new S3Client(access);
}

async function checksOf(place: S3Place, settings: S3Settings): ReturnType<typeof conformance> {
  afterAll(() => place[Symbol.asyncDispose]());
  const transport = s3({ ...place.access, ...settings });
  const client = clientOf(place);
  let count = 0;
  const subject: TransportUnderTest = {
    transport,
    freshReference: () => transport.parseReference(`//${Bucket}/images/${count++}:tag`),
    siblingOf: ({ stringWithinTransport }) =>
      transport.parseReference(`${stringWithinTransport}-${count++}`),
    async damageBlob({ stringWithinTransport }, digest) {
      const layout = stringWithinTransport.slice(Bucket.length + 3).replace(/:[^/]*$/, "");
      const folder = settings.blobs === undefined ? `${layout}/blobs` : "_blobs";
      const Key = `${folder}/sha256/${hexOf(digest)}`;
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      await client.send(new PutObjectCommand({ Bucket, Key, Body: bytes }));
    },
  };
  return conformance(subject);
}
