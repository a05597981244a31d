import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
} from "@aws-sdk/client-s3";

import { outcomeOf } from "./outcome.ts";
import type { Row } from "./row.ts";
import type { Store } from "./store.ts";

const other = '"0123456789abcdef0123456789abcdef"';
const past = new Date("2001-01-01T00:00:00Z");
const future = new Date("2100-01-01T00:00:00Z");

export const conditionRows: readonly Row[] = [
  {
    name: "If-None-Match: * creates an object once",
    of: async (store) => [
      await outcomeOf(store.put("first", { IfNoneMatch: "*" })),
      await outcomeOf(store.put("second", { IfNoneMatch: "*" })),
      await store.text(),
    ],
    is: ["200", "412 PreconditionFailed", "first"],
  },
  {
    name: "If-Match replaces an object only with its current ETag",
    of: async (store) => {
      const etag = await store.put("first");
      return [
        await outcomeOf(store.put("second", { IfMatch: other })),
        await outcomeOf(store.put("second", { IfMatch: etag })),
        await outcomeOf(store.put("third", { IfMatch: etag })),
        await store.text(),
      ];
    },
    is: ["412 PreconditionFailed", "200", "412 PreconditionFailed", "second"],
    atCeph: ["412 PreconditionFailed", "412 PreconditionFailed", "412 PreconditionFailed", "first"],
  },
  {
    name: "If-Match fails for a missing object",
    of: async (store) => outcomeOf(store.put("x", { IfMatch: other })),
    is: "404 NoSuchKey",
    atCeph: "412 PreconditionFailed",
  },
  {
    name: "If-None-Match supports only *",
    of: async (store) => outcomeOf(store.put("x", { IfNoneMatch: other })),
    is: "501 NotImplemented",
    atCeph: "412 PreconditionFailed",
  },
  {
    name: "If-None-Match completes an upload once",
    of: async (store) => {
      const ids = [await store.begin(), await store.begin()];
      const completed: string[] = [];
      for (const id of ids) {
        const parts = [await store.part(id, 1, id)];
        completed.push(await outcomeOf(store.complete(id, parts, { IfNoneMatch: "*" })));
      }
      return [completed, (await store.text()) === ids[0]];
    },
    is: [["200", "412 PreconditionFailed"], true],
    atCeph: [["200", "200"], false],
  },
  {
    name: "If-Match completes an upload only with the current ETag",
    of: async (store) => {
      const etag = await store.put("first");
      const id = await store.begin();
      const parts = [await store.part(id, 1, "second")];
      return [
        await outcomeOf(store.complete(id, parts, { IfMatch: other })),
        await outcomeOf(store.complete(id, parts, { IfMatch: etag })),
        await store.text(),
      ];
    },
    is: ["412 PreconditionFailed", "200", "second"],
    atCeph: ["200", "200", "second"],
  },
  {
    name: "If-None-Match copies to an object once",
    of: async (store) => {
      await store.put("x");
      const copied = (): Promise<string> =>
        outcomeOf(
          store.client.send(
            new CopyObjectCommand({
              ...store.at({ CopySource: `${store.bucket}/${store.key}` }),
              Key: `${store.key}-copy`,
              IfNoneMatch: "*",
            }),
          ),
        );
      return [await copied(), await copied()];
    },
    is: ["200", "412 PreconditionFailed"],
    atCeph: ["200", "200"],
  },
  {
    name: "If-Match deletes an object only with its current ETag",
    of: async (store) => {
      const etag = await store.put("x");
      const deleted = (IfMatch: string): Promise<string> =>
        outcomeOf(store.client.send(new DeleteObjectCommand(store.at({ IfMatch }))));
      return [await deleted(other), await deleted(etag), await deleted(etag)];
    },
    is: ["412 PreconditionFailed", "204", "404 NoSuchKey"],
    atCeph: ["204", "204", "204"],
  },
  ...(
    [
      [{ IfMatch: "its" }, "200"],
      [{ IfMatch: other }, "412"],
      [{ IfNoneMatch: "its" }, "304"],
      [{ IfNoneMatch: other }, "200"],
      [{ IfModifiedSince: past }, "200"],
      [{ IfModifiedSince: future }, "304"],
      [{ IfUnmodifiedSince: past }, "412"],
      [{ IfUnmodifiedSince: future }, "200"],
      [{ IfMatch: "its", IfUnmodifiedSince: past }, "200"],
      [{ IfNoneMatch: other, IfModifiedSince: future }, "200"],
    ] as const
  ).map(([conditions, outcome]): Row => ({
    name: `reading an object with ${JSON.stringify(conditions)}: ${outcome}`,
    of: async (store) => {
      const etag = await store.put("x");
      const returned = Object.fromEntries(
        Object.entries(conditions).map(([name, value]) => [name, value === "its" ? etag : value]),
      );
      const { client } = store;
      return [
        (await outcomeOf(client.send(new GetObjectCommand(store.at(returned))))).slice(0, 3),
        await outcomeOf(client.send(new HeadObjectCommand(store.at(returned)))),
      ];
    },
    is: [outcome, outcome],
  })),
  {
    name: "one of many concurrent creations of an object succeeds",
    of: async (store) => {
      const all = Array.from({ length: 10 }, (_, at) =>
        outcomeOf(store.put(`${at}`, { IfNoneMatch: "*" })),
      );
      return created(await Promise.all(all));
    },
    is: 1,
  },
  {
    name: "one of many concurrent replacements of an object succeeds",
    of: async (store) => {
      const IfMatch = await store.put("first");
      const all = Array.from({ length: 10 }, (_, at) => outcomeOf(store.put(`${at}`, { IfMatch })));
      return created(await Promise.all(all));
    },
    is: 1,
    atCeph: 0,
  },
  {
    name: "one of many concurrent completions for an object succeeds",
    of: async (store) => {
      const all = Array.from({ length: 5 }, async (_, at) => uploaded(store, `${at}`));
      return created(await Promise.all(all));
    },
    is: 1,
    atCeph: 5,
  },
];

function created(outcomes: readonly string[]): number {
  return outcomes.filter((outcome) => outcome === "200").length;
}

async function uploaded(store: Store, content: string): Promise<string> {
  const UploadId = await store.begin();
  const Parts = [await store.part(UploadId, 1, content)];
  const rest = { UploadId, MultipartUpload: { Parts }, IfNoneMatch: "*" };
  return outcomeOf(store.client.send(new CompleteMultipartUploadCommand(store.at(rest))));
}
