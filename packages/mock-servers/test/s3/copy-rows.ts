import { CopyObjectCommand, HeadObjectCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import type { CopyObjectCommandInput, UploadPartCopyCommandInput } from "@aws-sdk/client-s3";

import { outcomeOf } from "./outcome.ts";
import type { Row } from "./row.ts";
import type { Store } from "./store.ts";

const mebibyte = 1 << 20;
const long = Buffer.alloc(5 * mebibyte + 10, "0123456789");
const other = '"0123456789abcdef0123456789abcdef"';

export const copyRows: readonly Row[] = [
  {
    name: "a copy has the bytes, type and metadata of its source",
    of: async (store) => {
      await store.put("bytes", { ContentType: "text/x", Metadata: { a: "b" } });
      await copied(store);
      return [await store.text(`${store.key}-copy`), await about(store, `${store.key}-copy`)];
    },
    is: ["bytes", ["text/x", { a: "b" }]],
  },
  {
    name: "a copy can replace the metadata",
    of: async (store) => {
      await store.put("bytes", { ContentType: "text/x", Metadata: { a: "b" } });
      const MetadataDirective = "REPLACE" as const;
      await copied(store, { MetadataDirective, ContentType: "text/y", Metadata: { c: "d" } });
      return about(store, `${store.key}-copy`);
    },
    is: ["text/y", { c: "d" }],
  },
  {
    name: "an object can be copied to itself only with a change",
    of: async (store) => {
      const ETag = await store.put("bytes");
      const same = { Key: store.key };
      return [
        await outcomeOf(copied(store, same)),
        await outcomeOf(
          copied(store, { ...same, MetadataDirective: "REPLACE", Metadata: { touched: "1" } }),
        ),
        (await about(store, store.key))[1],
        (await store.client.send(new HeadObjectCommand(store.at({})))).ETag === ETag,
      ];
    },
    is: ["400 InvalidRequest", "200", { touched: "1" }, true],
  },
  {
    name: "copying a missing object fails",
    of: async (store) => outcomeOf(copied(store)),
    is: "404 NoSuchKey",
  },
  {
    name: "copying from a missing bucket fails",
    of: async (store) => outcomeOf(copied(store, { CopySource: "no-such-bucket/x" })),
    is: "404 NoSuchBucket",
  },
  {
    name: "the name of a source may have any characters",
    of: async (store) => {
      const key = `${store.key}/a b+c%20ü`;
      await store.put("odd", { Key: key });
      const CopySource = `/${store.bucket}/${encodeURIComponent(key).replaceAll("%2F", "/")}`;
      await copied(store, { CopySource });
      return store.text(`${store.key}-copy`);
    },
    is: "odd",
  },
  ...(
    [
      [{ CopySourceIfMatch: "its" }, "200"],
      [{ CopySourceIfMatch: other }, "412 PreconditionFailed"],
      [{ CopySourceIfNoneMatch: other }, "200"],
      [{ CopySourceIfNoneMatch: "its" }, "412 PreconditionFailed"],
    ] as const
  ).map(([conditions, outcome]): Row => ({
    name: `copying with ${JSON.stringify(conditions)}: ${outcome}`,
    of: async (store) => {
      const etag = await store.put("x");
      const returned = Object.fromEntries(
        Object.entries(conditions).map(([name, value]) => [name, value === "its" ? etag : value]),
      );
      return outcomeOf(copied(store, returned));
    },
    is: outcome,
    atCeph: "200",
  })),
  {
    name: "parts can be copied, completely or by range",
    of: async (store) => {
      await store.put(long);
      const Key = `${store.key}-copy`;
      const id = await store.begin({ Key });
      const parts = [
        await partCopied(store, id, 1, { Key, CopySourceRange: `bytes=0-${5 * mebibyte - 1}` }),
        await partCopied(store, id, 2, {
          Key,
          CopySourceRange: `bytes=${5 * mebibyte}-${long.length - 1}`,
        }),
      ];
      await store.complete(id, parts, { Key });
      return (await store.text(Key)) === long.toString();
    },
    is: true,
  },
  ...["bytes=0-99999999", "bytes=5-4", "bytes=0-", "0-1"].map((CopySourceRange): Row => ({
    name: `a part cannot be copied from the range ${CopySourceRange}`,
    of: async (store) => {
      await store.put(long);
      const id = await store.begin();
      return outcomeOf(partCopied(store, id, 1, { CopySourceRange }));
    },
    is: "400 InvalidArgument",
    atCeph:
      new Map([
        ["bytes=0-", "200"],
        ["0-1", "400 InvalidArgument"],
      ]).get(CopySourceRange) ?? "416 InvalidRange",
  })),
];

async function copied(
  store: Store,
  rest: Partial<CopyObjectCommandInput> = {},
): Promise<{ readonly $metadata: { readonly httpStatusCode?: number } }> {
  const CopySource = `${store.bucket}/${store.key}`;
  const where = { Bucket: store.bucket, Key: `${store.key}-copy`, CopySource };
  return store.client.send(new CopyObjectCommand({ ...where, ...rest }));
}

async function partCopied(
  store: Store,
  UploadId: string,
  PartNumber: number,
  rest: Partial<UploadPartCopyCommandInput>,
): Promise<{ readonly PartNumber: number; readonly ETag: string }> {
  const CopySource = `${store.bucket}/${store.key}`;
  const where = store.at({ UploadId, PartNumber, CopySource, ...rest });
  const { CopyPartResult } = await store.client.send(new UploadPartCopyCommand(where));
  return { PartNumber, ETag: CopyPartResult?.ETag ?? "" };
}

async function about(
  store: Store,
  Key: string,
): Promise<readonly [string | undefined, Record<string, string> | undefined]> {
  const command = new HeadObjectCommand({ Bucket: store.bucket, Key });
  const { ContentType, Metadata } = await store.client.send(command);
  return [ContentType, Metadata];
}
