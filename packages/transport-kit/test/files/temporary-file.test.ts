import { rmSync, watch } from "node:fs";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import { digestOf } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { scratchFolder } from "@drayage/test-support";
import {
  cloneTemporary,
  linkTemporary,
  replaceFile,
  writeTemporary,
} from "@drayage/transport-kit/files";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

test("a stream is written unchanged for any chunk sizes, and an unknown digest is computed", async () => {
  const folder = await scratchFolder();
  const chunk = fc.uint8Array({ maxLength: 300_000, size: "max" });
  const law = fc.asyncProperty(fc.array(chunk, { maxLength: 6 }), async (chunks) => {
    const all = Buffer.concat(chunks);
    const name = path.join(folder, "file");
    await using file = await writeTemporary(folder, chunksOf(...chunks), {});
    expect(file).toMatchObject({ digest: digestOf(all), size: all.byteLength });
    await file.moveTo(name);
    expect(Buffer.compare(await readFile(name), all)).toBe(0);
  });
  await fc.assert(law, { numRuns: 30 });
  expect(await readdir(folder)).toEqual(["file"]);
});

test("a known digest is not computed", async () => {
  const digest = digestOf(Buffer.from("something else"), "sha512");
  await using file = await writeTemporary(await scratchFolder(), streamOf(Buffer.from("x")), {
    digest,
  });
  expect(file.digest).toBe(digest);
});

test("a temporary file that is not moved is removed", async () => {
  const folder = await scratchFolder();
  {
    await using _ = await writeTemporary(folder, streamOf(Buffer.from("x")), {});
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.drayage-[0-9a-f]{8}-\d+-/)]);
  }
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ["more", 3],
  ["less", 30],
])("a stream that has %s bytes than its size leaves no file", async (_, size) => {
  const folder = await scratchFolder();
  const written = writeTemporary(folder, streamOf(Buffer.from("ten bytes.")), { size });
  await expect(written).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await readdir(folder)).toEqual([]);
});

test("a failed stream leaves no file, and its error is thrown", async () => {
  const folder = await scratchFolder();
  const failure = new Error("the stream failed");
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1 << 20);
    throw failure;
  }
  await expect(writeTemporary(folder, breaking(), {})).rejects.toBe(failure);
  expect(await readdir(folder)).toEqual([]);
});

test("an abort rejects with its reason, closes the stream and leaves no file", async () => {
  const folder = await scratchFolder();
  const controller = new AbortController();
  const reason = new Error("enough");
  let isClosed = false;
  async function* stopping(): AsyncGenerator<Uint8Array> {
    try {
      yield new Uint8Array(10);
      controller.abort(reason);
      yield new Uint8Array(10);
    } finally {
      isClosed = true;
    }
  }
  const written = writeTemporary(folder, stopping(), {}, { signal: controller.signal });
  await expect(written).rejects.toBe(reason);
  expect([isClosed, await readdir(folder)]).toEqual([true, []]);
});

test("a file is replaced atomically, without other files", async () => {
  const folder = await scratchFolder();
  const file = path.join(folder, "file");
  await replaceFile(file, Buffer.from("one"));
  await replaceFile(file, Buffer.from("two"));
  expect(await readFile(file, "utf8")).toBe("two");
  expect(await readdir(folder)).toEqual(["file"]);
});

test("a folder without write permission is denied", async () => {
  const folder = path.join(await scratchFolder(), "readonly");
  await mkdir(folder, { mode: 0o555 });
  // root can write everywhere except in file systems without files.
  const forbidden = process.getuid?.() === 0 ? "/sys" : folder;
  const written = writeTemporary(forbidden, streamOf(Buffer.from("x")), {});
  await expect(written).rejects.toMatchObject({ code: "denied" });
});

test("a clone has the content of the file and the mode of a new file", async () => {
  const folder = await scratchFolder();
  const from = path.join(folder, "from");
  await writeFile(from, "content");
  await chmod(from, 0o400);
  const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
  await using clone = await cloneTemporary(folder, from, expected);
  await clone?.moveTo(path.join(folder, "to"));
  expect(await readFile(path.join(folder, "to"), "utf8")).toBe("content");
  expect((await stat(path.join(folder, "to"))).mode & 0o600).toBe(0o600);
  expect((await stat(from)).mode & 0o777).toBe(0o400);
});

test.each([
  ["other bytes", "CONTENT"],
  ["more bytes", "content!"],
  ["less bytes", "conten"],
])("a clone of %s than expected is rejected and removed", async (_, content) => {
  const folder = await scratchFolder();
  await writeFile(path.join(folder, "from"), content);
  const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
  const clone = cloneTemporary(folder, path.join(folder, "from"), expected);
  await expect(clone).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await readdir(folder)).toEqual(["from"]);
});

test("a large clone is hashed in a thread and rejected like a small one", async () => {
  const folder = await scratchFolder();
  const from = path.join(folder, "from");
  const content = Buffer.alloc(17 * 1024 * 1024, "drayage");
  await writeFile(from, content);
  const expected = { digest: digestOf(content, "sha512"), size: content.byteLength };
  await using clone = await cloneTemporary(folder, from, expected);
  expect(clone).toMatchObject(expected);
  content[content.byteLength - 1] = 0;
  await writeFile(from, content);
  const damaged = cloneTemporary(folder, from, expected);
  await expect(damaged).rejects.toMatchObject({ code: "digest-mismatch" });
  const shorter = cloneTemporary(folder, from, { ...expected, size: content.byteLength + 1 });
  await expect(shorter).rejects.toMatchObject({ code: "digest-mismatch" });
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(cloneTemporary(folder, from, expected, { signal })).rejects.toBe(reason);
  expect(await readdir(folder)).toHaveLength(2);
});

test("a file that is too large is rejected before it is copied", async () => {
  const folder = await scratchFolder();
  const from = path.join(folder, "from");
  await writeFile(from, "");
  // A sparse file, which would take hours to copy.
  await truncate(from, 2 ** 43);
  const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
  const clone = cloneTemporary(folder, from, expected);
  await expect(clone).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await readdir(folder)).toEqual(["from"]);
});

test("a folder instead of a file is reported by name, without the temporary file", async () => {
  const folder = await scratchFolder();
  const to = path.join(folder, "to");
  await mkdir(to);
  await using file = await writeTemporary(folder, streamOf(Buffer.from("x")), {});
  await expect(file.moveTo(to)).rejects.toMatchObject({
    code: "conflict",
    message: `${to} is a folder, but must be a file; remove it, or choose another destination`,
  });
});

test("a file that cannot be cloned returns undefined", async () => {
  const folder = await scratchFolder();
  const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
  await symlink("nowhere", path.join(folder, "dangling"));
  for (const name of ["missing", "dangling", "."]) {
    expect(await cloneTemporary(folder, path.join(folder, name), expected)).toBeUndefined();
  }
  expect(await readdir(folder)).toEqual(["dangling"]);
});

test("a link is the same file under another name", async () => {
  const folder = await scratchFolder();
  const from = path.join(folder, "from");
  await writeFile(from, "content");
  const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
  await using link = await linkTemporary(folder, from, expected);
  await link?.moveTo(path.join(folder, "to"));
  expect((await stat(path.join(folder, "to"))).ino).toBe((await stat(from)).ino);
});

test("a symbolic link is not linked, and its file is cloned", async () => {
  const folder = await scratchFolder();
  const from = path.join(folder, "from");
  await writeFile(path.join(folder, "file"), "content");
  await symlink("file", from);
  const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
  await using link = await linkTemporary(folder, from, expected);
  await link?.moveTo(path.join(folder, "to"));
  expect((await lstat(path.join(folder, "to"))).isFile()).toBe(true);
});

test.skipIf(process.getuid?.() !== 0)("a file of another user is cloned, not linked", async () => {
  const folder = await scratchFolder();
  const from = path.join(folder, "from");
  await writeFile(from, "content");
  await chown(from, 65_534, 65_534);
  const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
  await using link = await linkTemporary(folder, from, expected);
  await link?.moveTo(path.join(folder, "to"));
  expect((await stat(path.join(folder, "to"))).uid).toBe(0);
});

test.skipIf(process.getuid?.() !== 0)(
  "a clone belongs to this user, not to the owner of the file",
  async () => {
    const folder = await scratchFolder();
    const from = path.join(folder, "from");
    await writeFile(from, "content");
    await chown(from, 65_534, 65_534);
    const expected = { digest: digestOf(Buffer.from("content")), size: 7 };
    await using clone = await cloneTemporary(folder, from, expected);
    await clone?.moveTo(path.join(folder, "to"));
    const { uid, gid } = await stat(path.join(folder, "to"));
    expect([clone === undefined, uid, gid]).toEqual([false, 0, process.getgid?.()]);
  },
);

test("the removal of a temporary file during the hash is reported for its folder", async () => {
  const folder = path.join(await scratchFolder(), "folder");
  const stage = path.join(folder, ".drayage-stage");
  await mkdir(stage, { recursive: true });
  const from = path.join(folder, "from");
  const content = Buffer.alloc(32 << 20, "drayage");
  await writeFile(from, content);
  const watcher = watch(stage, () => rmSync(stage, { recursive: true, force: true }));
  onTestFinished(() => watcher.close());
  const expected = { digest: digestOf(content), size: content.byteLength };
  // Undefined if it is removed before its content is copied.
  const outcome = await cloneTemporary(stage, from, expected).catch((error: unknown) => error);
  if (outcome === undefined) return;
  expect(outcome).toMatchObject({
    code: "conflict",
    message: `${folder} was removed or replaced while it was written to; nothing was stored, so copy again`,
  });
});
