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
import { narrowed } from "@drayage/test-support";
import { conformance } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import { s3 } from "../src/index.ts";
import type { S3Settings } from "../src/index.ts";

const Bucket = "bucket";

describe.each<SetUp>([
  { name: "an S3 like Amazon's", start: () => startS3(), settings: { conditionalWrites: true } },
  {
    name: "one with blobs shared by layouts",
    start: () => startS3(),
    settings: { blobs: `s3://${Bucket}/_blobs` },
    bearsOn: [
      "destination/reuse",
      "destination/dispose",
      "copy/damaged",
      "copy/parallel",
      "delete/",
    ],
  },
  {
    name: "one that keeps no conditions",
    start: () => startS3({ conditions: "ignored" }),
    settings: {},
    bearsOn: ["destination/invisible", "destination/overwrite", "copy/parallel", "delete/"],
  },
  {
    name: "one that copies nothing and keeps no checksums",
    start: () => startS3({ copies: false, checksums: false }),
    settings: {},
    bearsOn: [
      "destination/digest-computed",
      "destination/large-blob",
      "destination/corrupt-stream",
      "source/stat-blob",
      "source/verified",
      "copy/damaged",
    ],
  },
])("$name", async ({ start, settings, bearsOn }) => {
  const checks = narrowed(await checksOf(await start(), settings), bearsOn);
  test.each(checks)("$name", ({ run }) => run());
});

describe.skipIf(!isCephInstalled)("Ceph's RADOS Gateway", async () => {
  if (!isCephInstalled) return;
  const ceph = await startCeph();
  await clientOf(ceph).send(new CreateBucketCommand({ Bucket }));
  test.each(await checksOf(ceph, {}))("$name", ({ run }) => run());
});

interface SetUp {
  readonly name: string;
  readonly start: () => Promise<S3Server>;
  readonly settings: S3Settings;
  /** The requirements that it affects. Default: all. */
  readonly bearsOn?: readonly string[];
}

interface S3Server extends AsyncDisposable {
  readonly access: S3Access;
}

function clientOf({ access }: S3Server): S3Client {
  return new S3Client(access);
}

async function checksOf(server: S3Server, settings: S3Settings): ReturnType<typeof conformance> {
  afterAll(() => server[Symbol.asyncDispose]());
  const transport = s3({ ...server.access, ...settings });
  const client = clientOf(server);
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
