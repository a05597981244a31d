import { createHash } from "node:crypto";

import {
  CompleteMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type {
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  UploadPartCommandInput,
} from "@aws-sdk/client-s3";
import { expect, onTestFinished, test } from "vitest";

import { checksumHasher } from "../../src/s3/checksum.ts";
import type { ChecksumAlgorithm } from "../../src/s3/checksum.ts";
import { startS3 } from "../../src/s3/s3-server.ts";
import { outcomeOf } from "./outcome.ts";
import { sha256Base64 } from "./signed-ask.ts";
import { clientOf, Store } from "./store.ts";

const contents = ["01234", "56789"];

async function newStore(): Promise<Store> {
  const s3 = await startS3({ minPartSize: 1 });
  const client = clientOf(s3.access);
  onTestFinished(async () => {
    client.destroy();
    await s3[Symbol.asyncDispose]();
  });
  return new Store(s3.access, client, "bucket", "key");
}

async function sent(
  store: Store,
  rest: Pick<UploadPartCommandInput, "UploadId" | "PartNumber"> & Partial<UploadPartCommandInput>,
): Promise<CompletedPart> {
  const Body = contents[(rest.PartNumber ?? 1) - 1] ?? "x";
  const command = new UploadPartCommand(store.at({ Body, ...rest }));
  const { $metadata: _, ...part } = await store.client.send(command);
  return { ...part, PartNumber: rest.PartNumber };
}

async function completed(
  store: Store,
  UploadId: string,
  Parts: CompletedPart[],
  rest: Partial<CompleteMultipartUploadCommandInput> = {},
): Promise<string> {
  const command = { UploadId, MultipartUpload: { Parts }, ...rest };
  return outcomeOf(store.client.send(new CompleteMultipartUploadCommand(store.at(command))));
}

async function returned(store: Store, rest: { PartNumber?: number } = {}): Promise<object> {
  const command = new HeadObjectCommand(store.at({ ChecksumMode: "ENABLED", ...rest }));
  const { ChecksumSHA256, ChecksumCRC32, ChecksumCRC64NVME, ChecksumType } =
    await store.client.send(command);
  return { ChecksumSHA256, ChecksumCRC32, ChecksumCRC64NVME, ChecksumType };
}

function crc(algorithm: ChecksumAlgorithm, text: string): string {
  const hasher = checksumHasher(algorithm);
  hasher.update(Buffer.from(text));
  return hasher.digest().toString("base64");
}

test("the SHA-256 of an upload is a composite of its parts", async () => {
  const store = await newStore();
  const UploadId = await store.begin({ ChecksumAlgorithm: "SHA256" });
  const parts = [];
  for (const PartNumber of [1, 2]) {
    parts.push(await sent(store, { UploadId, PartNumber, ChecksumAlgorithm: "SHA256" }));
  }
  expect(parts.map(({ ChecksumSHA256 }) => ChecksumSHA256)).toEqual(contents.map(sha256Base64));
  const { Parts } = await store.client.send(new ListPartsCommand(store.at({ UploadId })));
  expect(Parts?.map((part) => part.ChecksumSHA256)).toEqual(contents.map(sha256Base64));
  const without = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
  expect(await completed(store, UploadId, without)).toBe("400 InvalidRequest");
  const wrong = parts.map((part) => ({ ...part, ChecksumSHA256: sha256Base64("") }));
  expect(await completed(store, UploadId, wrong)).toBe("400 InvalidPart");
  expect(await completed(store, UploadId, parts)).toBe("200");
  const digests = contents.map((one) => createHash("sha256").update(one).digest());
  expect(await returned(store)).toMatchObject({
    ChecksumSHA256: `${sha256Base64(Buffer.concat(digests))}-2`,
    ChecksumType: "COMPOSITE",
  });
  expect(await returned(store, { PartNumber: 2 })).toMatchObject({
    ChecksumSHA256: sha256Base64("56789"),
  });
});

test.each(["CRC64NVME", "CRC32"] as const)("the %s of an upload covers all bytes", async (name) => {
  const store = await newStore();
  const type = { ChecksumAlgorithm: name, ChecksumType: "FULL_OBJECT" as const };
  const UploadId = await store.begin(type);
  const parts = [];
  for (const PartNumber of [1, 2]) {
    const right = { [`Checksum${name}`]: crc(name, contents[PartNumber - 1] ?? "") };
    parts.push(await sent(store, { UploadId, PartNumber, ...right }));
  }
  const checksum = { [`Checksum${name}`]: crc(name, contents.join("")) };
  const { ChecksumType } = type;
  expect(await completed(store, UploadId, parts, { [`Checksum${name}`]: crc(name, "") })).toBe(
    "400 BadDigest",
  );
  const composite = { ChecksumType: "COMPOSITE" as const };
  expect(await completed(store, UploadId, parts, composite)).toBe("400 InvalidRequest");
  expect(await completed(store, UploadId, parts, { ...checksum, ChecksumType })).toBe("200");
  expect(await returned(store)).toMatchObject({ ...checksum, ChecksumType });
});

test("an upload has a CRC64NVME by default", async () => {
  const store = await newStore();
  const UploadId = await store.begin();
  const parts = [await sent(store, { UploadId, PartNumber: 1 })];
  expect(await completed(store, UploadId, parts)).toBe("200");
  expect(await returned(store)).toMatchObject({
    ChecksumCRC64NVME: crc("CRC64NVME", "01234"),
    ChecksumType: "FULL_OBJECT",
  });
});

test("all parts have the checksum algorithm of the upload", async () => {
  const store = await newStore();
  const sha = await store.begin({ ChecksumAlgorithm: "SHA256" });
  const none = await store.begin();
  const tried = (UploadId: string, rest: Partial<UploadPartCommandInput>): Promise<string> =>
    outcomeOf(sent(store, { UploadId, PartNumber: 1, ...rest }));
  expect(await tried(sha, {})).toBe("400 InvalidRequest");
  expect(await tried(sha, { ChecksumAlgorithm: "CRC32" })).toBe("400 InvalidRequest");
  expect(await tried(none, { ChecksumAlgorithm: "CRC32" })).toBe("400 InvalidRequest");
  expect(await tried(sha, { ChecksumSHA256: sha256Base64("other") })).toBe("400 BadDigest");
  expect(await tried(sha, { ChecksumSHA256: sha256Base64("01234") })).toBe("200");
});

test("a checksum requires consecutive parts", async () => {
  const store = await newStore();
  const UploadId = await store.begin({ ChecksumAlgorithm: "SHA256" });
  const part = await sent(store, { UploadId, PartNumber: 2, ChecksumAlgorithm: "SHA256" });
  expect(await completed(store, UploadId, [part])).toBe("500 InternalError");
});

test("storage class and encryption are stored, also for uploads", async () => {
  const store = await newStore();
  const headers = {
    StorageClass: "STANDARD_IA",
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: "a-key",
  } as const;
  await store.put("x", headers);
  expect(await store.client.send(new HeadObjectCommand(store.at({})))).toMatchObject(headers);
  const UploadId = await store.begin(headers);
  await completed(store, UploadId, [await sent(store, { UploadId, PartNumber: 1 })]);
  expect(await store.client.send(new HeadObjectCommand(store.at({})))).toMatchObject(headers);
});
