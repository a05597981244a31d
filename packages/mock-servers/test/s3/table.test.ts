import { CreateBucketCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { S3Access } from "../../src/s3/s3-access.ts";
import { startS3 } from "../../src/s3/s3-server.ts";
import { rows } from "./rows.ts";
import { clientOf, Store } from "./store.ts";

const stores = [
  { name: "the mock S3", isHere: true, start: startS3, isCeph: false },
  {
    name: "Ceph's gateway (needs radosgw, ceph-mon, ceph-osd)",
    isHere: isCephInstalled,
    start: startCeph,
    isCeph: true,
  },
];

describe.each(stores)("$name", ({ isHere, start, isCeph }) => {
  let server: AsyncDisposable & { readonly access: S3Access };
  let client: S3Client;

  beforeAll(async () => {
    if (!isHere) return;
    server = await start();
    client = clientOf(server.access);
    if (isCeph) await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
  }, 90_000);

  afterAll(async () => {
    client?.destroy();
    await server?.[Symbol.asyncDispose]();
  });

  test.skipIf(!isHere).each(rows.map((row, at) => ({ ...row, at })))("$name", async (row) => {
    const store = new Store(server.access, client, "bucket", `row-${row.at}`);
    const expected = isCeph && "atCeph" in row ? row.atCeph : row.is;
    expect(await row.of(store)).toEqual(expected);
  });
});
