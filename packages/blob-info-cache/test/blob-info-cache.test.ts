import type { BlobInfoCache } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { fileBlobInfoCache, memoryBlobInfoCache } from "../src/index.ts";
import { digest, form, packed, registry, scratchFiles, seen } from "./cache-facts.ts";

const warnings: Error[] = [];
process.on("warning", (warning) => void warnings.push(warning));

const caches: readonly (readonly [string, () => Promise<BlobInfoCache>])[] = [
  ["in memory", async () => memoryBlobInfoCache()],
  ["in a file", async () => fileBlobInfoCache(await scratchFiles())],
];

describe.each(caches)("a cache %s", (_, open) => {
  test("knows nothing in the beginning, and nothing of blobs that it was not told of", async () => {
    const cache = await open();
    expect(await cache.recall([digest("a")], registry)).toEqual(new Map());
    await cache.record([packed("b", form("b.gz")), seen("c", "somewhere")]);
    expect(await cache.recall([digest("a")], registry)).toEqual(new Map());
  });

  test("tells what it was told, the newest first", async () => {
    const cache = await open();
    await cache.record([packed("a", form("a.gz")), seen("a", "one"), seen("a", "two")]);
    await cache.record([
      packed("a", { ...form("a.zst"), compression: "zstd" }),
      seen("a", "three"),
    ]);
    await cache.record([seen("a", "one")]);
    const recalled = await cache.recall([digest("a"), digest("b")], registry);
    expect(Array.from(recalled)).toEqual([
      [
        digest("a"),
        {
          packed: [{ ...form("a.zst"), compression: "zstd" }, form("a.gz")],
          locations: ["one", "three", "two"],
        },
      ],
    ]);
  });

  test("tells of the newest five", async () => {
    const cache = await open();
    const names = ["1", "2", "3", "4", "5", "6", "7"];
    await cache.record(names.flatMap((name) => [packed("a", form(name)), seen("a", name)]));
    const { packed: forms, locations } = (await cache.recall([digest("a")], registry)).get(
      digest("a"),
    ) ?? { packed: [], locations: [] };
    expect(locations).toEqual(["7", "6", "5", "4", "3"]);
    expect(forms).toEqual(locations.map((name) => form(name)));
  });

  test("tells of places in the scope that it is asked for", async () => {
    const cache = await open();
    const other = { transport: "s3", scope: "registry.example.com" };
    await cache.record([seen("a", "there"), seen("a", "elsewhere", other)]);
    const locationsIn = async (scope?: typeof registry): Promise<readonly string[] | undefined> =>
      (await cache.recall([digest("a")], scope)).get(digest("a"))?.locations;
    expect(await locationsIn(registry)).toEqual(["there"]);
    expect(await locationsIn(other)).toEqual(["elsewhere"]);
    expect(await locationsIn({ transport: "docker", scope: "example.com" })).toBeUndefined();
    expect(await locationsIn()).toBeUndefined();
  });

  test("passes an abort on, untouched", async () => {
    const cache = await open();
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(cache.recall([], undefined, { signal })).rejects.toBe(reason);
    await expect(cache.record([seen("a", "one")], { signal })).rejects.toBe(reason);
    expect(await cache.recall([digest("a")], registry)).toEqual(new Map());
  });
});

/** Node 22 says so whenever it is loaded. */
test("nobody is told that SQLite is an experiment", async () => {
  const cache = fileBlobInfoCache(await scratchFiles());
  await cache.record([seen("a", "one")]);
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});
