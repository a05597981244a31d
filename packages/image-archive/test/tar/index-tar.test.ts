import { link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { isImageError } from "@drayage/core";
import type { ImageErrorCode } from "@drayage/core";
import { findProgram, outputOf, tarFile, tarMember, tarRecord } from "@drayage/test-support";
import type { TarFileMember } from "@drayage/test-support";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { TarArchive } from "../../src/index.ts";
import type { TarMember } from "../../src/index.ts";
import { CountedBytes } from "../counted-bytes.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-index-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const tar = findProgram("tar");

async function membersOf(content: Uint8Array): Promise<readonly TarMember[]> {
  return (await TarArchive.open(CountedBytes.of(content))).members;
}

async function contentOf(content: Uint8Array, name: string): Promise<string | undefined> {
  const archive = await TarArchive.open(CountedBytes.of(content));
  return (await archive.readSmall(name, 1 << 20))?.toString();
}

async function rejected(content: Uint8Array, ...words: readonly string[]): Promise<void> {
  const bytes = CountedBytes.of(content);
  const error: unknown = await TarArchive.open(bytes).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: "invalid-manifest" });
  for (const word of words) expect((error as Error).message).toContain(word);
  expect(bytes.isClosed).toBe(true);
}

/** Returns undefined for an error with this code, and rethrows other errors. */
function undefinedFor(code: ImageErrorCode): (error: unknown) => undefined {
  return (error) => {
    if (!isImageError(error) || error.code !== code) throw error;
    return undefined;
  };
}

describe.skipIf(tar === undefined)("an archive that GNU tar writes", async () => {
  const short = "some/folder/file";
  const split = `${"d".repeat(60)}/${"f".repeat(80)}`;
  const long = `${"e".repeat(150)}/${"ü".repeat(90)}`;
  const root = path.join(folder, "root");
  for (const name of [short, split, long]) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), `content of ${name}`);
  }
  await symlink("folder/file", path.join(root, "some/link"));
  await link(path.join(root, short), path.join(root, "some/twin"));

  test.each([
    ["v7", [short]],
    ["ustar", [short, split]],
    ["oldgnu", [short, split, long]],
    ["gnu", [short, split, long]],
    ["posix", [short, split, long]],
  ] as const)("in the %s format is read with links and long names", async (format, names) => {
    const file = path.join(folder, `${format}.tar`);
    const links = ["some/link", "some/twin"];
    await outputOf(tar ?? "", `--format=${format}`, "-C", root, "-cf", file, ...names, ...links);
    const archive = await TarArchive.open(CountedBytes.of(await readFile(file)));
    const read = async (name: string): Promise<string | undefined> =>
      (await archive.readSmall(name, 1000))?.toString();
    for (const name of names) expect(await read(name)).toBe(`content of ${name}`);
    for (const name of links) expect(await read(name)).toBe(`content of ${short}`);
  });
});

test("members of any size are found by their headers", async () => {
  const sizes = fc.array(fc.oneof(fc.nat(3), fc.nat(2000), fc.constant(70_000)), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(sizes, async (all) => {
      const members = all.map((size, at) => ({ name: `${at}`, content: Buffer.alloc(size, at) }));
      const archive = await TarArchive.open(CountedBytes.of(tarFile(members)));
      for (const { name, content } of members)
        expect(Buffer.from((await archive.readSmall(name, 1e6)) ?? "").equals(content)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("a size above 8 GiB is read in the encodings of GNU tar and POSIX", async () => {
  const size = 9 * 2 ** 30;
  const binary = Buffer.alloc(12);
  binary[0] = 0x80;
  binary.writeBigUInt64BE(BigInt(size), 4);
  const record = tarMember({ name: "x", type: "x", content: tarRecord("size", `${size}`) });
  for (const start of [
    tarMember({ name: "large", size: binary }),
    Buffer.concat([record, tarMember({ name: "large" })]),
  ]) {
    const next = start.byteLength + size;
    const parts = new Map([
      [0, start],
      [next, tarFile([{ name: "small" }])],
    ]);
    const { members } = await TarArchive.open(CountedBytes.sparse(next + 1536, parts));
    expect(members.map((one) => [one.path, one.size])).toEqual([
      ["large", size],
      ["small", 0],
    ]);
  }
});

test.each([
  ["twelve digits without a terminator", Buffer.from("000000000005")],
  ["leading and trailing spaces", Buffer.from("         5 \0")],
  ["leading NUL bytes", Buffer.from("5\0\0".padStart(12, "\0"))],
  ["bytes after the terminator", Buffer.from("5\0xxxxxxxxxx")],
])("a size is read with %s", async (_, size) => {
  expect(await contentOf(tarFile([{ name: "a", content: "hello", size }]), "a")).toBe("hello");
});

test.each([
  ["negative", Buffer.alloc(12, 0xff)],
  ["above the safe integers", Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0xff)])],
  ["not a number", Buffer.from("12345678901\0")],
  ["a number with a sign", Buffer.from("-0000000005\0")],
  ["two numbers", Buffer.from("5 5 5 5 5 5\0")],
])("a size that is %s is rejected", async (_, size) => {
  await rejected(tarFile([{ name: "odd", content: "hello", size }]), `"odd"`);
});

test("checksums of signed and of unsigned bytes are accepted, and no other", async () => {
  const name = Buffer.from([0xe4, 0xf6, 0xfc]);
  const signed = (header: Uint8Array): number => new Int8Array(header).reduce((a, b) => a + b, 0);
  expect(await membersOf(tarFile([{ name, checksum: signed }]))).toHaveLength(1);
  expect(await membersOf(tarFile([{ name }]))).toHaveLength(1);
  await rejected(tarFile([{ name, checksum: () => 1234 }]), "byte 0");
});

test.each([
  ["a/./b//c", "a/b/c"],
  ["./a", "a"],
  ["a/../b", "b"],
  ["a/", "a"],
])("the name %s is normalized to %s", async (name, expected) => {
  expect((await membersOf(tarFile([{ name }])))[0]?.path).toBe(expected);
});

test.each(["/a", "..", "a/../../b", "../a", ""])("the name %j is rejected", async (name) => {
  await rejected(tarFile([{ name: "fine" }, { name }]), JSON.stringify(name), "inside");
});

test("a folder without a type flag has no content", async () => {
  expect(await membersOf(tarFile([{ name: "old/", type: "\0" }]))).toMatchObject([
    { path: "old", kind: "other" },
  ]);
  await rejected(tarFile([{ name: "old/", type: "\0", content: "odd" }]), `"old/"`);
});

describe("extended headers", () => {
  const record = (...pairs: readonly (readonly [string, string])[]): TarFileMember => ({
    name: "records",
    type: "x",
    content: pairs.map(([key, value]) => tarRecord(key, value)).join(""),
  });
  const long = (name: string): TarFileMember => ({ name: "L", type: "L", content: `${name}\0` });
  const file: TarFileMember = { name: "short", content: "hello" };

  test.each([
    ["a name of GNU tar", [long("much/longer"), file]],
    ["a name in records", [record(["path", "much/longer"]), file]],
    ["a name beside times and owners", [record(["mtime", "1.5"], ["path", "much/longer"]), file]],
    [
      "a record without a value",
      [record(["path", ""], ["size", ""]), { ...file, name: "much/longer" }],
    ],
    ["the last of two records", [record(["path", "other"], ["path", "much/longer"]), file]],
    [
      "a name after a global comment",
      [{ ...record(["comment", "abc"]), type: "g" }, long("much/longer"), file],
    ],
  ])("%s is read", async (_, members) => {
    expect(await contentOf(tarFile(members), "much/longer")).toBe("hello");
  });

  test("a size in records applies to the file, and not to headers before it", async () => {
    const members = [record(["size", "5"]), long("much/longer"), { ...file, size: 0 }];
    expect(await contentOf(tarFile(members), "much/longer")).toBe("hello");
  });

  test("a size in records gives no content to a link", async () => {
    const linked = { name: "link", type: "2", linkName: "short" };
    expect(await contentOf(tarFile([record(["size", "512"]), linked, file]), "link")).toBe("hello");
  });

  test.each([
    ["a name in both formats", [long("a"), record(["path", "b"]), file]],
    ["two headers of records", [record(["path", "b"]), record(["mtime", "1"]), file]],
    ["a name twice", [long("a"), long("b"), file]],
    ["a global name", [{ ...record(["path", "b"]), type: "g" }, file]],
    ["a global size", [{ ...record(["size", "0"]), type: "g" }, file]],
    ["no member after them", [file, long("a")]],
    ["a name of 2 MiB", [long("a".repeat(2 ** 21)), file]],
    ["a size that is not a number", [record(["path", "b"], ["size", "1e3"]), file]],
    ["a size of ten terabytes", [record(["size", String(10 * 2 ** 40)]), file]],
    ["a negative size", [record(["size", "-1"]), file]],
    ["a size above the safe integers", [record(["size", "9".repeat(17)]), file]],
    ["a name with a NUL byte", [record(["path", "a\0b"]), file]],
    ["a sparse file", [record(["GNU.sparse.major", "1"]), file]],
    ["no length", [{ ...record(), content: "path=a\n" }, file]],
    ["a length that is too large", [{ ...record(), content: "999 path=a\n" }, file]],
    ["a length that is too small", [{ ...record(), content: "5 path=a\n" }, file]],
    ["a length of zero", [{ ...record(), content: "0 path=a\n" }, file]],
    ["no key", [{ ...record(), content: "5 =a\n" }, file]],
  ])("%s is rejected", async (_, members) => {
    await rejected(tarFile(members));
  });
});

test("a file truncated at any byte yields complete members or none", async () => {
  const content = tarFile([
    { name: "L", type: "L", content: `${"long/".repeat(30)}name\0` },
    { name: "cut", content: "x".repeat(600) },
    { name: "second", content: "y" },
  ]);
  const firstEnd = 3 * 512 + 600;
  const secondHeader = 5 * 512;
  const trailer = 7 * 512;
  const membersIn = (length: number): number => {
    if (length >= trailer + 512) return 2;
    if (length > secondHeader + 512 && length <= trailer) return 2;
    return length >= firstEnd && length <= secondHeader ? 1 : 0;
  };
  const lengths = Array.from({ length: content.byteLength }, (_, length) => length);
  const found = lengths.map(async (length) => {
    const members = await membersOf(content.subarray(0, length)).catch(
      undefinedFor("invalid-manifest"),
    );
    return members?.length ?? 0;
  });
  expect(await Promise.all(found)).toEqual(lengths.map(membersIn));
});

test("a compressed archive is rejected with the name of the compression", async () => {
  await rejected(Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(1000)]), "gzip");
});

describe("ten million members", () => {
  const size = 10_000_000 * 512;

  test("are rejected early", async () => {
    const block = tarMember({ name: "empty" });
    const bytes = new CountedBytes(size, (start, end) => Buffer.alloc(end - start, block));
    await expect(TarArchive.open(bytes)).rejects.toMatchObject({
      code: "invalid-manifest",
      message: expect.stringMatching(/"empty".*100000/) as string,
    });
    expect(bytes.bytesRead).toBeLessThan(60e6);
  });

  test("with long names are rejected earlier", async () => {
    const name = "n".repeat(1e6);
    const block = Buffer.concat([
      tarMember({ name: "L", type: "L", content: `${name}\0` }),
      tarMember({ name: "empty" }),
    ]);
    const repeated = (start: number, end: number): Buffer => {
      const from = start % block.byteLength;
      return Buffer.alloc(from + end - start, block).subarray(from);
    };
    const bytes = new CountedBytes(block.byteLength * 1000, repeated);
    await expect(TarArchive.open(bytes)).rejects.toMatchObject({ code: "invalid-manifest" });
    expect(bytes.bytesRead).toBeLessThan(30e6);
  });

  test("that are far apart are rejected before ten million requests", async () => {
    const block = Buffer.concat([tarMember({ name: "apart", size: 1 << 20 })]);
    const parts = (start: number, end: number): Buffer =>
      start % ((1 << 20) + 512) === 0
        ? Buffer.alloc(end - start, block)
        : Buffer.alloc(end - start);
    const far = Object.assign(new CountedBytes(11_000 * ((1 << 20) + 512), parts), {
      isRemote: true,
    });
    await expect(TarArchive.open(far)).rejects.toMatchObject({
      code: "invalid-manifest",
      message: expect.stringMatching(/10000 requests/) as string,
    });
    expect(far.reads).toHaveLength(10_000);
  });
});
