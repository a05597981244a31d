import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";

import { outcomeOf } from "./outcome.ts";
import type { Row } from "./row.ts";
import type { Store } from "./store.ts";

const names = ["a", "b/1", "b/2", "b/3/x", "c", "d/1"];

export const listRows: readonly Row[] = [
  { name: "keys are listed in order", of: (store) => listed(store, {}), is: [names.join(" ")] },
  {
    name: "keys are sorted by UTF-8 bytes",
    of: (store) => listed(store, {}, ["\u{1F600}", "\uFFFD", "z", "Z", "ü"]),
    is: ["Z z ü \uFFFD \u{1F600}"],
  },
  {
    name: "keys are listed in pages",
    of: (store) => listed(store, { MaxKeys: 4 }),
    is: ["a b/1 b/2 b/3/x", "c d/1"],
  },
  {
    name: "keys with a common prefix form one entry",
    of: (store) => listed(store, { Delimiter: "/" }),
    is: ["a c b/ d/"],
  },
  {
    name: "a common prefix counts as one entry",
    of: (store) => listed(store, { Delimiter: "/", MaxKeys: 1 }),
    is: ["a", "b/", "c", "d/"],
  },
  {
    name: "keys are listed by prefix",
    of: (store) => listed(store, { Delimiter: "/", Prefix: "b/" }),
    is: ["b/1 b/2 b/3/"],
  },
  {
    name: "keys are listed after a given key, whether it exists or not",
    of: async (store) => [
      ...(await listed(store, { StartAfter: "b/2" })),
      ...(await listed(store, { StartAfter: "bb" })),
    ],
    is: ["b/3/x c d/1", "c d/1"],
  },
  {
    name: "the list can be empty",
    of: async (store) => [
      ...(await listed(store, { Prefix: "nothing" })),
      ...(await listed(store, { MaxKeys: 0 })),
    ],
    is: ["", ""],
  },
  {
    name: "keys can be listed in URL encoding",
    of: async (store) => {
      await store.put("x", { Key: `${store.key}/a b+ü&\n/` });
      const { Contents = [] } = await store.client.send(
        new ListObjectsV2Command({ Bucket: store.bucket, Prefix: store.key, EncodingType: "url" }),
      );
      return decodeURIComponent((Contents[0]?.Key ?? "").replaceAll("+", " ")).slice(
        store.key.length,
      );
    },
    is: "/a b+ü&\n/",
  },
  {
    name: "list entries have size and ETag",
    of: async (store) => {
      const etag = await store.put("0123456789");
      const { Contents = [], KeyCount } = await store.client.send(
        new ListObjectsV2Command({ Bucket: store.bucket, Prefix: store.key }),
      );
      return [KeyCount, Contents[0]?.Size, Contents[0]?.ETag === etag];
    },
    is: [1, 10, true],
  },
  ...["max-keys=-1", "max-keys=x", "encoding-type=base64"].map((parameter): Row => ({
    name: `listing with ${parameter} is rejected`,
    of: async (store) => outcomeOf(store.rawBucket(`GET ?list-type=2&${parameter}`)),
    is: "400 InvalidArgument",
    atCeph: parameter === "max-keys=x" ? "400 InvalidArgument" : "200",
  })),
];

/** The keys and common prefixes of each page, without the prefix of this test. */
async function listed(
  store: Store,
  { Prefix = "", StartAfter, ...rest }: Partial<ListObjectsV2CommandInput>,
  keys: readonly string[] = names,
): Promise<readonly string[]> {
  const { bucket: Bucket, client } = store;
  const folder = `${store.key}/`;
  for (const key of keys) await store.put("x", { Key: folder + key });
  const pages: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: folder + Prefix,
        ...(StartAfter !== undefined && { StartAfter: folder + StartAfter }),
        ...(token !== undefined && { ContinuationToken: token }),
        ...rest,
      }),
    );
    const { Contents = [], CommonPrefixes = [] } = page;
    const entries = [...Contents.map(({ Key }) => Key), ...CommonPrefixes.map((one) => one.Prefix)];
    pages.push(entries.map((entry = "") => entry.slice(folder.length)).join(" "));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return pages;
}
