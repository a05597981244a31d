import { tarFile } from "@drayage/test-support";
import type { TarFileMember } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { TarArchive } from "../../src/index.ts";
import { CountedBytes } from "../counted-bytes.ts";

async function archiveOf(...members: readonly TarFileMember[]): Promise<TarArchive> {
  return TarArchive.open(CountedBytes.of(tarFile(members)));
}

async function read(archive: TarArchive, name: string): Promise<string | undefined> {
  return (await archive.readSmall(name, 1000))?.toString();
}

const file: TarFileMember = { name: "folder/file", content: "hello" };

function symlink(name: string, linkName: string): TarFileMember {
  return { name, type: "2", linkName };
}

describe("links", () => {
  test.each([
    ["in the same folder", symlink("folder/link", "file")],
    ["from the parent folder", symlink("link", "folder/file")],
    ["from another folder", symlink("other/link", "../folder/file")],
    ["by a path that is not normalized", symlink("link", "./other/..//folder/file")],
    ["as a hard link", { name: "any/link", type: "1", linkName: "folder/file" }],
    [
      "as a hard link that begins with a dot",
      { name: "link", type: "1", linkName: "./folder/file" },
    ],
  ])("are followed %s", async (_, link) => {
    expect(await read(await archiveOf(link, file), String(link.name))).toBe("hello");
  });

  test("are followed through other links, but not in a cycle or more than ten times", async () => {
    const chain = Array.from({ length: 20 }, (_, at) => symlink(`${at}`, `${at + 1}`));
    const archive = await archiveOf(
      ...chain,
      { name: "20", content: "end" },
      symlink("a", "b"),
      symlink("b", "a"),
    );
    expect(await read(archive, "12")).toBe("end");
    for (const name of ["0", "a"])
      await expect(archive.find(name)).rejects.toMatchObject({
        code: "invalid-manifest",
        message: expect.stringContaining(`"${name}"`) as string,
      });
  });

  test.each([
    ["relative", symlink("folder/out", "../../etc/passwd")],
    ["absolute", symlink("out", "/etc/passwd")],
    ["hard and absolute", { name: "out", type: "1", linkName: "/etc/passwd" }],
  ])("out of the archive are rejected: %s", async (_, link) => {
    await expect((await archiveOf(link)).find(String(link.name))).rejects.toMatchObject({
      code: "invalid-manifest",
      message: expect.stringContaining("out") as string,
    });
  });

  test("to a missing member find nothing", async () => {
    expect(await (await archiveOf(symlink("link", "missing"))).find("link")).toBeUndefined();
  });
});

test.each([
  ["a folder", "5"],
  ["a character device", "3"],
  ["a block device", "4"],
  ["a pipe", "6"],
])("%s is not a regular file", async (_, type) => {
  const archive = await archiveOf({ name: "odd", type }, file);
  expect(await read(archive, "folder/file")).toBe("hello");
  await expect(archive.find("odd")).rejects.toMatchObject({
    code: "invalid-manifest",
    message: expect.stringContaining(`"odd"`) as string,
  });
});

describe("a duplicate member", () => {
  test("is accepted if the content is equal, which is verified once", async () => {
    const bytes = CountedBytes.of(tarFile([file, { name: "other" }, file]));
    const archive = await TarArchive.open(bytes);
    expect(await read(archive, "folder/file")).toBe("hello");
    const before = bytes.reads.length;
    await archive.find("folder/file");
    expect(bytes.reads).toHaveLength(before);
  });

  test.each([
    ["the content", { ...file, content: "hallo" }],
    ["the size", { ...file, content: "hello!" }],
    ["the kind", symlink("folder/file", "other")],
    ["the spelling of the name", { ...file, name: "./folder//file", content: "hallo" }],
  ])("is rejected if %s differs", async (_, other) => {
    const archive = await archiveOf(file, other);
    await expect(archive.find("folder/file")).rejects.toMatchObject({
      code: "invalid-manifest",
      message: expect.stringContaining("twice") as string,
    });
  });
});

test("reading a range returns no byte of the next member", async () => {
  const archive = await archiveOf(file, { name: "next", content: "next" });
  const member = await archive.find("folder/file");
  if (member === undefined) throw new Error("not found");
  const ranged = async (start: number, end?: number): Promise<string> =>
    Buffer.concat(
      await Array.fromAsync(archive.read(member, { range: { start, end } })),
    ).toString();
  expect(await ranged(1, 2)).toBe("el");
  expect(await ranged(3)).toBe("lo");
  expect(await ranged(3, 1e9)).toBe("lo");
  expect(await ranged(5)).toBe("");
});

test("a file that is truncated while it is read is rejected", async () => {
  const content = tarFile([file]);
  let end = content.byteLength;
  const bytes = new CountedBytes(content.byteLength, (start, to) =>
    content.subarray(start, Math.min(to, end)),
  );
  const archive = await TarArchive.open(bytes);
  end = 514;
  await expect(read(archive, "folder/file")).rejects.toMatchObject({
    code: "invalid-manifest",
    message: expect.stringContaining("shorter") as string,
  });
});

test("readSmall rejects a member above the limit, with its name and size", async () => {
  await expect((await archiveOf(file)).readSmall("folder/file", 4)).rejects.toMatchObject({
    code: "invalid-manifest",
    message: expect.stringMatching(/"folder\/file".*5 bytes.*4/) as string,
  });
});

test("a name that is not UTF-8 does not affect other members", async () => {
  const archive = await archiveOf({ name: Buffer.from("gr\xfc\xdfe", "latin1") }, file);
  expect(await read(archive, "folder/file")).toBe("hello");
});

test("an archive without members is rejected and closed", async () => {
  const bytes = CountedBytes.of(tarFile([]));
  await expect(TarArchive.open(bytes)).rejects.toMatchObject({ code: "invalid-manifest" });
  expect(bytes.isClosed).toBe(true);
});
