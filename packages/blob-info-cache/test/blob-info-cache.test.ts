import type { BlobInfoCache } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { fileBlobInfoCache, memoryBlobInfoCache } from "../src/index.ts";
import {
  compressedFact,
  digest,
  gzipForm,
  locationFact,
  registry,
  scratchFiles,
} from "./cache-facts.ts";

const warnings: Error[] = [];
process.on("warning", (warning) => void warnings.push(warning));

const caches: readonly (readonly [string, () => Promise<BlobInfoCache>])[] = [
  ["in memory", async () => memoryBlobInfoCache()],
  ["in a file", async () => fileBlobInfoCache(await scratchFiles())],
];

describe.each(caches)("a cache %s", (_, open) => {
  test("has no entries when new, and none for blobs without recorded facts", async () => {
    const cache = await open();
    expect(await cache.lookUp([digest("a")], registry)).toEqual(new Map());
    await cache.record([compressedFact("b", gzipForm("b.gz")), locationFact("c", "other")]);
    expect(await cache.lookUp([digest("a")], registry)).toEqual(new Map());
  });

  test("returns recorded facts, newest first", async () => {
    const cache = await open();
    await cache.record([
      compressedFact("a", gzipForm("a.gz")),
      locationFact("a", "one"),
      locationFact("a", "two"),
    ]);
    await cache.record([
      compressedFact("a", { ...gzipForm("a.zst"), compression: "zstd" }),
      locationFact("a", "three"),
    ]);
    await cache.record([locationFact("a", "one")]);
    const found = await cache.lookUp([digest("a"), digest("b")], registry);
    expect(Array.from(found)).toEqual([
      [
        digest("a"),
        {
          compressed: [{ ...gzipForm("a.zst"), compression: "zstd" }, gzipForm("a.gz")],
          paths: ["one", "three", "two"],
        },
      ],
    ]);
  });

  test("returns the compressor of a form, and the annotations that it adds", async () => {
    const cache = await open();
    const compressor = { name: "zstd:chunked", annotations: { "position 1": "1:2", b: "ä" } };
    const form = { ...gzipForm("a.zst"), compression: "zstd", compressor } as const;
    await cache.record([compressedFact("a", form), compressedFact("a", gzipForm("a.gz"))]);
    const found = await cache.lookUp([digest("a")]);
    expect(found.get(digest("a"))?.compressed).toEqual([gzipForm("a.gz"), form]);
  });

  test("returns what a compressed form decompresses to, also of one that is no longer listed", async () => {
    const cache = await open();
    const names = ["1", "2", "3", "4", "5", "6"];
    await cache.record(names.map((name) => compressedFact("a", gzipForm(name))));
    await cache.record([compressedFact("b", { ...gzipForm("b.zst"), compression: "zstd" })]);
    const found = await cache.lookUp([digest("1"), digest("b.zst"), digest("a"), digest("c")]);
    expect(Array.from(found, ([blob, { uncompressed }]) => [blob, uncompressed])).toEqual([
      [digest("1"), { digest: digest("a"), compression: "gzip" }],
      [digest("b.zst"), { digest: digest("b"), compression: "zstd" }],
      [digest("a"), undefined],
    ]);
    expect(found.get(digest("1"))).toMatchObject({ compressed: [], paths: [] });
  });

  test("returns the newest five entries", async () => {
    const cache = await open();
    const names = ["1", "2", "3", "4", "5", "6", "7"];
    await cache.record(
      names.flatMap((name) => [compressedFact("a", gzipForm(name)), locationFact("a", name)]),
    );
    const { compressed, paths } = (await cache.lookUp([digest("a")], registry)).get(
      digest("a"),
    ) ?? { compressed: [], paths: [] };
    expect(paths).toEqual(["7", "6", "5", "4", "3"]);
    expect(compressed).toEqual(paths.map((name) => gzipForm(name)));
  });

  test("returns only the locations in the given scope", async () => {
    const cache = await open();
    const other = { transport: "s3", scope: "registry.example.com" };
    await cache.record([locationFact("a", "here"), locationFact("a", "external", other)]);
    const pathsIn = async (scope?: typeof registry): Promise<readonly string[] | undefined> =>
      (await cache.lookUp([digest("a")], scope)).get(digest("a"))?.paths;
    expect(await pathsIn(registry)).toEqual(["here"]);
    expect(await pathsIn(other)).toEqual(["external"]);
    expect(await pathsIn({ transport: "docker", scope: "example.com" })).toBeUndefined();
    expect(await pathsIn()).toBeUndefined();
  });

  test("rejects with the reason of an abort", async () => {
    const cache = await open();
    const reason = new Error("aborted by the test");
    const signal = AbortSignal.abort(reason);
    await expect(cache.lookUp([], undefined, { signal })).rejects.toBe(reason);
    await expect(cache.record([locationFact("a", "one")], { signal })).rejects.toBe(reason);
    expect(await cache.lookUp([digest("a")], registry)).toEqual(new Map());
  });
});

/** Node 22 warns whenever `node:sqlite` is loaded. */
test("hides the warning that SQLite is experimental", async () => {
  const cache = fileBlobInfoCache(await scratchFiles());
  await cache.record([locationFact("a", "one")]);
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});
