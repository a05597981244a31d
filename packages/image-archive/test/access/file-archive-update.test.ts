import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { digestOf } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import {
  ended,
  findProgram,
  nextMessage,
  outputOf,
  scratchFolder,
  startProgram,
  tarFile,
} from "@drayage/test-support";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { FileArchiveUpdate, openArchiveFile } from "../../src/index.ts";
import type { ChangedContent } from "../../src/index.ts";
import { smallDisk } from "../small-disk.ts";

const old = tarFile([
  { name: "index.json", content: "{}" },
  { name: "kept", content: "kept".repeat(1000) },
]);

async function archiveIn(folder: string): Promise<string> {
  const file = path.join(folder, "archive.tar");
  await writeFile(file, old);
  return file;
}

const added: ChangedContent = {
  files: new Map([["index.json", Buffer.from("[]")]]),
  keeps: () => true,
};

function blobOf(size: number, seed: number): Buffer {
  return Buffer.alloc(size, `${seed}`);
}

function nameOf(digest: Digest): string {
  return `blobs/${digest.replace(":", "/")}`;
}

async function* slowly(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += 10_000) {
    await Promise.resolve();
    yield content.subarray(at, at + 10_000);
  }
}

async function* failing(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
  throw new Error("broken off");
}

test("concurrent blobs of known and unknown size are each complete", async () => {
  const file = path.join(await scratchFolder(), "archive.tar");
  await using update = await FileArchiveUpdate.open(file, { ifExists: "fail" });
  const blobs = [300_001, 5, 512, 0, 900_000, 40_000, 1_000_000].map(blobOf);
  await Promise.all(
    blobs.map(async (blob, at) => {
      const known = at % 3 === 0 ? { digest: digestOf(blob), size: blob.byteLength } : {};
      const stored = await update.putBlob(slowly(blob), known);
      expect(stored).toEqual({ digest: digestOf(blob), size: blob.byteLength });
    }),
  );
  expect(await readdir(path.dirname(file))).not.toContain("archive.tar");
  await update.commit(async () => added);
  await using archive = await openArchiveFile(file);
  for (const blob of blobs) {
    const found = await archive.readSmall(nameOf(digestOf(blob)), 1 << 20);
    expect(blob.equals(found ?? Buffer.from("none"))).toBe(true);
  }
  expect(archive.members.map((one) => one.path)).toHaveLength(blobs.length + 1);
});

test.skipIf(findProgram("tar") === undefined)(
  "failed and duplicate blobs leave a valid archive, and the next update reclaims their space",
  async () => {
    const file = path.join(await scratchFolder(), "archive.tar");
    const [one, two] = [blobOf(100_000, 1), blobOf(200_000, 2)];
    const put = async (update: FileArchiveUpdate): Promise<void> => {
      const known = { digest: digestOf(one), size: one.byteLength };
      await Promise.all([
        expect(update.putBlob(failing(two.subarray(5)), { size: two.byteLength })).rejects.toThrow(
          "broken",
        ),
        expect(update.putBlob(failing(two), {})).rejects.toThrow("broken"),
        update.putBlob(slowly(one), known),
        update.putBlob(slowly(one), known),
        update.putBlob(slowly(one), {}),
      ]);
      await expect(update.putBlob(streamOf(one), { ...known, size: 5 })).rejects.toMatchObject({
        code: "digest-mismatch",
      });
      await expect(
        update.putBlob(streamOf(one), { ...known, size: 500_000 }),
      ).rejects.toMatchObject({
        code: "digest-mismatch",
      });
      await update.commit(async () => added);
    };
    await using first = await FileArchiveUpdate.open(file, { ifExists: "fail" });
    await put(first);
    const listed = await outputOf("tar", "-tf", file);
    expect(listed.split("\n")).toContain(nameOf(digestOf(one)));
    await using second = await FileArchiveUpdate.open(file, { ifExists: "add" });
    await second.commit(async () => added);
    expect(await outputOf("tar", "-tf", file)).toBe(`${nameOf(digestOf(one))}\nindex.json\n`);
    expect((await stat(file)).size).toBeLessThan(110_000);
  },
);

test("a region released while another one grows after it does not move that region", async () => {
  const file = path.join(await scratchFolder(), "archive.tar");
  await using update = await FileArchiveUpdate.open(file, { ifExists: "fail" });
  const failed = Promise.withResolvers<void>();
  const [first, growing, last] = [blobOf(3000, 1), blobOf(100_000, 2), blobOf(50_000, 3)];
  const breaking = async function* (): AsyncGenerator<Uint8Array> {
    yield first.subarray(5);
    await begun.promise;
    throw new Error("broken off");
  };
  const begun = Promise.withResolvers<void>();
  const waiting = async function* (): AsyncGenerator<Uint8Array> {
    yield growing.subarray(0, 10);
    begun.resolve();
    await failed.promise;
    yield growing.subarray(10);
  };
  const broken = update.putBlob(breaking(), { size: first.byteLength });
  const grown = update.putBlob(waiting(), {});
  await expect(broken).rejects.toThrow("broken off");
  failed.resolve();
  await grown;
  await update.putBlob(slowly(last), {});
  await update.putBlob(slowly(first), { size: first.byteLength });
  await update.commit(async () => added);
  await using archive = await openArchiveFile(file);
  for (const one of [first, growing, last]) {
    const found = await archive.readSmall(nameOf(digestOf(one)), 1 << 20);
    expect(one.equals(found ?? Buffer.from("none"))).toBe(true);
  }
  expect(archive.members).toHaveLength(4);
});

test("of any concurrent blobs, those that do not fail are complete", async () => {
  const one = fc.record({
    size: fc.oneof(fc.nat(3000), fc.nat(200_000)),
    known: fc.constantFrom("size", "expected size", "nothing"),
    off: fc.constantFrom(0, 0, -600, 1, 5000),
    fails: fc.constantFrom(false, false, true),
  });
  const folder = await scratchFolder();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 8 }), async (all) => {
      const file = path.join(folder, `${count++}.tar`);
      await using update = await FileArchiveUpdate.open(file, { ifExists: "fail" });
      const put = all.map(async ({ size, known, off, fails }, at) => {
        const blob = Buffer.alloc(size, `${at} `);
        const bytes = fails ? failing(blob) : slowly(blob);
        const sizeHint = known === "expected size" ? Math.max(size + off, 0) : undefined;
        await update.putBlob(bytes, known === "size" ? { size } : {}, { sizeHint });
        return blob;
      });
      const blobs = (await Promise.allSettled(put)).flatMap((result) =>
        result.status === "fulfilled" ? [result.value] : [],
      );
      expect(blobs).toHaveLength(all.filter(({ fails }) => !fails).length);
      await update.commit(async () => added);
      await using archive = await openArchiveFile(file);
      for (const blob of blobs) {
        const found = await archive.readSmall(nameOf(digestOf(blob)), 1 << 20);
        expect(blob.equals(found ?? Buffer.from("none"))).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

describe("a blob of estimated size", () => {
  const blob = blobOf(300_000, 1);
  const expectations = [300_000, 299_999, 299_520, 300_001, 300_032, 300_033, 400_000, 5, 0];

  test.each(expectations)("is complete if %i bytes were expected", async (sizeHint) => {
    const file = path.join(await scratchFolder(), "archive.tar");
    await using update = await FileArchiveUpdate.open(file, { ifExists: "fail" });
    const others = [blobOf(50_000, 2), blobOf(600_000, 3)];
    await Promise.all([
      update.putBlob(slowly(blob), {}, { sizeHint }),
      ...others.map((other) => update.putBlob(slowly(other), {})),
      update.putBlob(slowly(blobOf(4, 4)), { size: 4 }),
    ]);
    await update.commit(async () => added);
    await using archive = await openArchiveFile(file);
    for (const one of [blob, ...others]) {
      const found = await archive.readSmall(nameOf(digestOf(one)), 1 << 20);
      expect(one.equals(found ?? Buffer.from("none"))).toBe(true);
    }
  });

  test("wastes no space if the estimate is right", async () => {
    const file = path.join(await scratchFolder(), "archive.tar");
    await using update = await FileArchiveUpdate.open(file, { ifExists: "fail" });
    const blobs = [blob, blobOf(100_000, 2), blobOf(200_000, 3)];
    const put = (one: Buffer): Promise<unknown> =>
      update.putBlob(slowly(one), {}, { sizeHint: one.byteLength });
    await Promise.all(blobs.map(put));
    await update.commit(async () => added);
    await using archive = await openArchiveFile(file);
    expect(archive.members.map(({ path: name }) => name)).toEqual([
      ...blobs.map((one) => nameOf(digestOf(one))),
      "index.json",
    ]);
  });

  test("leaves nothing in the archive if its stream fails", async () => {
    const file = await archiveIn(await scratchFolder());
    const update = await FileArchiveUpdate.open(file, { ifExists: "add" });
    for (const sizeHint of [5, blob.byteLength, 1_000_000]) {
      const put = update.putBlob(failing(blob), {}, { sizeHint });
      await expect(put).rejects.toThrow("broken off");
    }
    await update.commit(async () => added);
    expect((await stat(file)).size).toBe(old.byteLength);
    await update[Symbol.asyncDispose]();
  });
});

test("kept members are copied byte for byte, with their padding", async () => {
  const file = await archiveIn(await scratchFolder());
  await using update = await FileArchiveUpdate.open(file, { ifExists: "add" });
  await update.commit(async () => added);
  const kept = old.subarray(1024, 1024 + 512 + 4096);
  expect((await readFile(file)).subarray(0, kept.byteLength).equals(kept)).toBe(true);
});

describe("an archive stays unchanged and no temporary file remains", () => {
  const cases: readonly (readonly [
    string,
    (update: FileArchiveUpdate, abort: AbortController) => Promise<unknown>,
  ])[] = [
    ["without a commit", async (update) => update.putBlob(streamOf(blobOf(10, 1)), {})],
    ["if a blob fails", async (update) => update.putBlob(failing(old), {})],
    [
      "if computing the change fails",
      async (update) => update.commit(async () => Promise.reject(new Error("no"))),
    ],
    [
      "if it is aborted during the commit",
      async (update, abort) =>
        update.commit(
          async () => {
            abort.abort(new Error("enough"));
            return added;
          },
          { signal: abort.signal },
        ),
    ],
  ];

  test.each(cases)("%s", async (_, work) => {
    const file = await archiveIn(await scratchFolder());
    const update = await FileArchiveUpdate.open(file, { ifExists: "add" });
    await work(update, new AbortController()).catch(() => {});
    await update[Symbol.asyncDispose]();
    expect((await readFile(file)).equals(old)).toBe(true);
    expect(await readdir(path.dirname(file))).toEqual(["archive.tar"]);
  });

  test("if the disk is full", async ({ skip }) => {
    const folder = await smallDisk();
    if (folder === undefined) return skip("the user has no permission to mount");
    const file = await archiveIn(folder);
    const update = await FileArchiveUpdate.open(file, { ifExists: "add" });
    const put = update.putBlob(streamOf(blobOf(3_000_000, 1)), {});
    await expect(put).rejects.toMatchObject({ code: "unavailable", retryable: false });
    await update.putBlob(streamOf(blobOf(1_900_000, 2)), {});
    const files = new Map([["large", blobOf(300_000, 3)]]);
    const committed = update.commit(async () => ({ ...added, files }));
    await expect(committed).rejects.toMatchObject({ code: "unavailable" });
    await update[Symbol.asyncDispose]();
    expect((await readFile(file)).equals(old)).toBe(true);
    expect(await readdir(folder)).toEqual(["archive.tar"]);
  });

  test("if the process is killed, after the next update", async () => {
    const file = await archiveIn(await scratchFolder());
    const child = startProgram(path.join(import.meta.dirname, "unfinished-update.ts"), file);
    expect(await nextMessage(child)).toBe("writing");
    child.kill("SIGKILL");
    await ended(child);
    expect((await readFile(file)).equals(old)).toBe(true);
    await using update = await FileArchiveUpdate.open(file, { ifExists: "add" });
    await update.commit(async () => added);
    await update[Symbol.asyncDispose]();
    expect(await readdir(path.dirname(file))).toEqual(["archive.tar"]);
  });
});

test("two concurrent updates both add to an archive", async () => {
  const file = await archiveIn(await scratchFolder());
  const blobs = [blobOf(1000, 1), blobOf(2000, 2)];
  await Promise.all(
    blobs.map(async (blob) => {
      await using update = await FileArchiveUpdate.open(file, { ifExists: "add" });
      await update.putBlob(streamOf(blob), {});
      await update.commit(async () => added);
    }),
  );
  await using archive = await openArchiveFile(file);
  for (const blob of blobs) expect(await archive.find(nameOf(digestOf(blob)))).toBeDefined();
  expect(await archive.find("kept")).toBeDefined();
});

describe("an existing file", () => {
  test("is rejected, also if it was created after the update was opened", async () => {
    const folder = await scratchFolder();
    const update = await FileArchiveUpdate.open(path.join(folder, "archive.tar"), {
      ifExists: "fail",
    });
    const file = await archiveIn(folder);
    await expect(update.commit(async () => added)).rejects.toMatchObject({ code: "conflict" });
    await expect(FileArchiveUpdate.open(file, { ifExists: "fail" })).rejects.toMatchObject({
      code: "conflict",
    });
    await update[Symbol.asyncDispose]();
    expect((await readFile(file)).equals(old)).toBe(true);
  });

  test("is replaced with any content, and extended only if it is a tar file", async () => {
    const file = await archiveIn(await scratchFolder());
    await writeFile(file, "no archive");
    await expect(FileArchiveUpdate.open(file, { ifExists: "add" })).rejects.toMatchObject({
      code: "invalid-manifest",
    });
    await using update = await FileArchiveUpdate.open(file, { ifExists: "replace" });
    await update.commit(async () => added);
    await using archive = await openArchiveFile(file);
    expect(archive.members).toHaveLength(1);
  });

  test("keeps its mode, and may have a name of maximum length", async () => {
    const file = path.join(await scratchFolder(), `${"n".repeat(251)}.tar`);
    await writeFile(file, old);
    await chmod(file, 0o600);
    await using update = await FileArchiveUpdate.open(file, { ifExists: "add" });
    await update.commit(async () => added);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("must not be a folder", async () => {
    const opened = FileArchiveUpdate.open(await scratchFolder(), { ifExists: "replace" });
    await expect(opened).rejects.toMatchObject({ code: "conflict" });
  });
});
