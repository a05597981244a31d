import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
} from "@aws-sdk/client-s3";

import { outcomeOf } from "./outcome.ts";
import type { Row } from "./row.ts";
import { sha256 } from "./signed-ask.ts";

const ten = "0123456789";

export const objectRows: readonly Row[] = [
  {
    name: "an object is returned unchanged",
    of: async (store) => [await store.put("text"), await store.text()],
    is: ['"1cb251ec0d568de6a929b520c4aed8d1"', "text"],
  },
  {
    name: "an object can be empty",
    of: async (store) => [await store.put(""), await store.text()],
    is: ['"d41d8cd98f00b204e9800998ecf8427e"', ""],
  },
  {
    name: "a key can have any characters",
    of: async (store) => {
      const key = `${store.key}/a b+c%20d&e=f?g#h/(i)!'*~ü€\u{1F600}`;
      await store.put("odd", { Key: key });
      return store.text(key);
    },
    is: "odd",
  },
  {
    name: "a key has at most 1024 bytes",
    of: async (store) => [
      await outcomeOf(store.put("x", { Key: "ü".repeat(512) })),
      await outcomeOf(store.put("x", { Key: `${"ü".repeat(512)}x` })),
    ],
    is: ["200", "400 KeyTooLongError"],
    atCeph: ["200", "400 InvalidObjectName"],
  },
  {
    name: "the headers of an object are stored and returned",
    of: async (store) => {
      const stored = {
        CacheControl: "immutable",
        ContentType: "application/x-tar",
        ContentDisposition: "inline",
        ContentEncoding: "gzip",
        ContentLanguage: "en",
        Metadata: { one: "1", two: "2" },
      };
      await store.put("x", stored);
      const {
        CacheControl,
        ContentType,
        ContentDisposition,
        ContentEncoding,
        ContentLanguage,
        Metadata,
      } = await store.client.send(new HeadObjectCommand(store.at({})));
      const returned = {
        CacheControl,
        ContentType,
        ContentDisposition,
        ContentEncoding,
        ContentLanguage,
        Metadata,
      };
      return JSON.stringify(returned) === JSON.stringify(stored) || returned;
    },
    is: true,
  },
  {
    name: "HEAD returns size and ETag",
    of: async (store) => {
      const ETag = await store.put(ten);
      const head = await store.client.send(new HeadObjectCommand(store.at({})));
      return [head.ContentLength, head.ETag === ETag];
    },
    is: [10, true],
  },
  {
    name: "a missing object is 404",
    of: async (store) => [
      await outcomeOf(store.text()),
      await outcomeOf(store.client.send(new HeadObjectCommand(store.at({})))),
      await outcomeOf(
        store.client.send(new GetObjectCommand(store.at({ Bucket: "no-such-bucket" }))),
      ),
    ],
    is: ["404 NoSuchKey", "404", "404 NoSuchBucket"],
  },
  {
    name: "HEAD of a bucket returns its region",
    of: async ({ client, bucket: Bucket }) => [
      await outcomeOf(client.send(new HeadBucketCommand({ Bucket }))),
      await outcomeOf(client.send(new HeadBucketCommand({ Bucket: "no-such-bucket" }))),
      (await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint ?? "",
    ],
    is: ["200", "404", ""],
    atCeph: ["200", "404", "default"],
  },
  {
    name: "an existing bucket can be created again, an invalid name is rejected",
    of: async ({ client, bucket }) => {
      const made = async (Bucket: string): Promise<string> =>
        outcomeOf(client.send(new CreateBucketCommand({ Bucket })));
      return [await made(bucket), await made("Upper"), await made("ab"), await made("1.2.3.4")];
    },
    is: ["200", "400 InvalidBucketName", "400 InvalidBucketName", "400 InvalidBucketName"],
  },
  ...(
    [
      ["bytes=0-3", "206", "0123", "bytes 0-3/10"],
      ["bytes=4-", "206", "456789", "bytes 4-9/10"],
      ["bytes=9-9", "206", "9", "bytes 9-9/10"],
      ["bytes=5-100", "206", "56789", "bytes 5-9/10"],
      ["bytes=-3", "206", "789", "bytes 7-9/10"],
      ["bytes=-100", "206", ten, "bytes 0-9/10"],
    ] as const
  ).map(([range, status, part, contentRange]): Row => ({
    name: `the range ${range} of ten bytes is ${part}`,
    of: async (store) => {
      await store.put(ten);
      const { status: returned, body, headers } = await store.raw("GET", { headers: { range } });
      return [`${returned}`, body.toString(), headers["content-range"]];
    },
    is: [status, part, contentRange],
  })),
  ...["lines=0-3", "bytes=5-4", "0-3", "bytes=-", "bytes=0-1,3-4"].map((range): Row => ({
    name: `the invalid range ${range} returns the whole object`,
    of: async (store) => {
      await store.put(ten);
      const { status } = await store.raw("GET", { headers: { range } });
      return status;
    },
    is: 200,
    atCeph:
      new Map([
        ["bytes=5-4", 416],
        ["bytes=-", 206],
        ["bytes=0-1,3-4", 206],
      ]).get(range) ?? 200,
  })),
  ...["bytes=10-", "bytes=100-200", "bytes=-0"].map((range): Row => ({
    name: `the range ${range} of ten bytes is not satisfiable`,
    of: async (store) => {
      await store.put(ten);
      return outcomeOf(store.raw("GET", { headers: { range } }));
    },
    is: "416 InvalidRange",
    atCeph: range === "bytes=-0" ? "206" : "416 InvalidRange",
  })),
  {
    name: "ranges of an empty object are not satisfiable",
    of: async (store) => {
      await store.put("");
      return outcomeOf(store.raw("GET", { headers: { range: "bytes=0-" } }));
    },
    is: "416 InvalidRange",
  },
  {
    name: "HEAD of a range returns its length",
    of: async (store) => {
      await store.put(ten);
      const { status, headers } = await store.raw("HEAD", { headers: { range: "bytes=2-4" } });
      return [status, headers["content-length"], headers["content-range"]];
    },
    is: [206, "3", "bytes 2-4/10"],
  },
  {
    name: "an object from a single PUT is one part",
    of: async (store) => {
      await store.put(ten);
      const asked = async (query: string, range = {}): Promise<string> =>
        outcomeOf(store.raw(`GET ?partNumber=${query}`, { headers: range }));
      return [
        await asked("1"),
        await asked("2"),
        await asked("0"),
        await asked("1", { range: "bytes=0-1" }),
      ];
    },
    is: ["206", "416 InvalidPartNumber", "400 InvalidArgument", "400 InvalidRequest"],
    atCeph: ["200", "200", "200", "206"],
  },
  {
    name: "the query can override response headers",
    of: async (store) => {
      await store.put(ten);
      const { headers } = await store.raw(
        "GET ?response-content-type=text%2Fplain&response-cache-control=no-store",
      );
      return [headers["content-type"], headers["cache-control"]];
    },
    is: ["text/plain", "no-store"],
  },
  {
    name: "deleting removes an object, and succeeds for a missing one",
    of: async (store) => {
      await store.put("x");
      const deleted = (): Promise<string> =>
        outcomeOf(store.client.send(new DeleteObjectCommand(store.at({}))));
      return [await deleted(), await deleted(), await outcomeOf(store.text())];
    },
    is: ["204", "204", "404 NoSuchKey"],
  },
  {
    name: "a bulk delete removes several objects",
    of: async (store) => {
      await store.put("x");
      const Objects = [{ Key: store.key }, { Key: `${store.key}/other` }];
      const { Deleted, Errors = [] } = await store.client.send(
        new DeleteObjectsCommand(store.at({ Delete: { Objects } })),
      );
      return [Deleted?.length, Errors, await outcomeOf(store.text())];
    },
    is: [2, [], "404 NoSuchKey"],
  },
  {
    name: "a body without length is rejected",
    of: async (store) => [
      await outcomeOf(
        store.raw("PUT", { body: [Buffer.from("x")], headers: { "transfer-encoding": "chunked" } }),
      ),
    ],
    is: ["501 NotImplemented"],
    atCeph: ["411 MissingContentLength"],
  },
  {
    name: "a body must match its signature",
    of: async (store) => outcomeOf(store.raw("PUT", { body: "x", payload: sha256("y") })),
    is: "400 XAmzContentSHA256Mismatch",
  },
];
