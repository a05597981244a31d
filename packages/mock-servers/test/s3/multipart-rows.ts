import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
} from "@aws-sdk/client-s3";
import type { CompletedPart, ListMultipartUploadsCommandOutput } from "@aws-sdk/client-s3";

import { outcomeOf } from "./outcome.ts";
import type { Row } from "./row.ts";
import type { Store } from "./store.ts";

const mebibyte = 1 << 20;
const large = Buffer.alloc(5 * mebibyte, "large part ");

export const multipartRows: readonly Row[] = [
  {
    name: "parts form one object in order of their numbers, independent of the order of upload",
    of: async (store) => {
      const id = await store.begin({ ContentType: "text/x", Metadata: { a: "b" } });
      const second = await store.part(id, 2, "end");
      const first = await store.part(id, 1, large);
      await store.complete(id, [first, second]);
      const { Body, ContentType, ETag, Metadata } = await store.client.send(
        new GetObjectCommand(store.at({ Range: `bytes=${large.length - 2}-` })),
      );
      return [ETag, await Body?.transformToString(), ContentType, Metadata];
    },
    is: ['"dbf98859073af7adeed6a8f8bf7dd572-2"', "geend", "text/x", { a: "b" }],
  },
  {
    name: "a repeated part replaces the previous one",
    of: async (store) => {
      const id = await store.begin();
      await store.part(id, 1, "old");
      await store.complete(id, [await store.part(id, 1, "new")]);
      return store.text();
    },
    is: "new",
  },
  {
    name: "an object is invisible before its upload is completed",
    of: async (store) => {
      const id = await store.begin();
      await store.part(id, 1, "x");
      return outcomeOf(store.text());
    },
    is: "404 NoSuchKey",
  },
  {
    name: "parts can be omitted from the object",
    of: async (store) => {
      const id = await store.begin();
      await store.part(id, 1, "left out");
      const parts = [await store.part(id, 7, "kept")];
      return [await outcomeOf(store.complete(id, parts)), await outcomeOf(store.text())];
    },
    is: ["200", "200"],
    atCeph: ["400 InvalidPart", "404 NoSuchKey"],
  },
  {
    name: "all parts except the last have at least 5 MiB",
    of: (store) => completed(store, ["short", "end"]),
    is: "400 EntityTooSmall",
  },
  {
    name: "parts are listed in order of their numbers",
    of: (store) => completed(store, [large, "end"], (parts) => parts.toReversed()),
    is: "400 InvalidPartOrder",
    atCeph: "200",
  },
  {
    name: "parts are listed once",
    of: (store) => completed(store, [large], ([part = {}]) => [part, part]),
    is: "400 InvalidPartOrder",
    atCeph: "200",
  },
  {
    name: "parts are listed with their ETags",
    of: (store) =>
      completed(store, ["x"], () => [
        { PartNumber: 1, ETag: '"0123456789abcdef0123456789abcdef"' },
      ]),
    is: "400 InvalidPart",
  },
  {
    name: "only existing parts can be listed",
    of: (store) =>
      completed(store, [large, "end"], ([part = {}]) => [part, { ...part, PartNumber: 3 }]),
    is: "400 InvalidPart",
  },
  {
    name: "an object has at least one part",
    of: (store) => completed(store, ["x"], () => []),
    is: "400 MalformedXML",
  },
  {
    name: "a part number is between 1 and 10000",
    of: async (store) => {
      const id = await store.begin();
      const sent = (number: number): Promise<string> => outcomeOf(store.part(id, number, "x"));
      return [await sent(0), await sent(1), await sent(10_000), await sent(10_001)];
    },
    is: ["400 InvalidArgument", "200", "200", "400 InvalidArgument"],
    atCeph: ["200", "200", "200", "200"],
  },
  {
    name: "an ended upload no longer exists",
    of: async (store) => {
      const id = await store.begin();
      const part = await store.part(id, 1, "x");
      const aborted = (): Promise<string> =>
        outcomeOf(store.client.send(new AbortMultipartUploadCommand(store.at({ UploadId: id }))));
      return [
        await aborted(),
        await aborted(),
        await outcomeOf(store.part(id, 2, "x")),
        await outcomeOf(store.complete(id, [part])),
        await outcomeOf(store.client.send(new ListPartsCommand(store.at({ UploadId: id })))),
      ];
    },
    is: ["204", "404 NoSuchUpload", "404 NoSuchUpload", "404 NoSuchUpload", "404 NoSuchUpload"],
    atCeph: ["204", "404 NoSuchUpload", "404 NoSuchUpload", "500 InternalError", "404 NoSuchKey"],
  },
  {
    name: "completing a completed upload again returns the same response",
    of: async (store) => {
      const id = await store.begin();
      const part = await store.part(id, 1, "x");
      const other = { PartNumber: 1, ETag: '"0123456789abcdef0123456789abcdef"' };
      const outcomes = [];
      for (const parts of [[part], [part], [other]]) {
        outcomes.push(await outcomeOf(store.complete(id, parts)));
      }
      return [outcomes, await outcomeOf(store.part(id, 2, "x"))];
    },
    is: [["200", "200", "404 NoSuchUpload"], "404 NoSuchUpload"],
    atCeph: [["200", "200", "500 InternalError"], "404 NoSuchUpload"],
  },
  {
    name: "an upload belongs to its key",
    of: async (store) => {
      const UploadId = await store.begin();
      const other = store.at({ UploadId, Key: `${store.key}-other` });
      return outcomeOf(store.client.send(new AbortMultipartUploadCommand(other)));
    },
    is: "404 NoSuchUpload",
  },
  {
    name: "parts are listed in pages",
    of: async (store) => {
      const UploadId = await store.begin();
      for (const number of [3, 1, 20]) await store.part(UploadId, number, "x".repeat(number));
      const first = await store.client.send(
        new ListPartsCommand(store.at({ UploadId, MaxParts: 2 })),
      );
      const PartNumberMarker = first.NextPartNumberMarker ?? "";
      const second = await store.client.send(
        new ListPartsCommand(store.at({ UploadId, PartNumberMarker })),
      );
      return [first, second].map(({ IsTruncated, Parts = [] }) => [
        IsTruncated,
        Parts.map(({ PartNumber, Size }) => [PartNumber, Size]),
      ]);
    },
    is: [
      [
        true,
        [
          [1, 1],
          [3, 3],
        ],
      ],
      [false, [[20, 20]]],
    ],
  },
  {
    name: "uploads are listed by key, in pages",
    of: async (store) => {
      const keys = ["a", "b", "c"].map((name) => `${store.key}/${name}`);
      for (const Key of keys) await store.begin({ Key });
      const listed = (rest: {
        KeyMarker?: string;
        UploadIdMarker?: string;
      }): Promise<ListMultipartUploadsCommandOutput> =>
        store.client.send(
          new ListMultipartUploadsCommand(
            store.at({ Prefix: `${store.key}/`, MaxUploads: 2, ...rest }),
          ),
        );
      const first = await listed({});
      const second = await listed({
        KeyMarker: first.NextKeyMarker ?? "",
        UploadIdMarker: first.NextUploadIdMarker ?? "",
      });
      const names = [first, second].map(({ IsTruncated, Uploads = [] }) => [
        IsTruncated,
        Uploads.map(({ Key }) => Key),
      ]);
      return (
        JSON.stringify(names) ===
          JSON.stringify([
            [true, keys.slice(0, 2)],
            [false, keys.slice(2)],
          ]) || names
      );
    },
    is: true,
  },
];

/** The outcome of completing an upload of these parts. Other parts can be listed. */
async function completed(
  store: Store,
  contents: readonly (string | Uint8Array)[],
  named: (parts: CompletedPart[]) => CompletedPart[] = (parts) => parts,
): Promise<string> {
  const UploadId = await store.begin();
  const parts: CompletedPart[] = [];
  for (const [at, content] of contents.entries()) {
    parts.push(await store.part(UploadId, at + 1, content));
  }
  const rest = { UploadId, MultipartUpload: { Parts: named(parts) } };
  return outcomeOf(store.client.send(new CompleteMultipartUploadCommand(store.at(rest))));
}
