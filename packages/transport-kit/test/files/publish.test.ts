import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import { streamOf } from "@drayage/core/content";
import { recordDisk, scratchFolder } from "@drayage/test-support";
import { publish, writeTemporary } from "@drayage/transport-kit/files";
import type { TemporaryFile } from "@drayage/transport-kit/files";
import { describe, expect, test } from "vitest";

async function stagedFiles(
  folder: string,
  names: readonly string[],
): Promise<Map<string, TemporaryFile>> {
  const files = new Map<string, TemporaryFile>();
  for (const name of names) {
    files.set(
      path.join(folder, name),
      await writeTemporary(folder, streamOf(Buffer.from(name)), {}),
    );
  }
  return files;
}

test("published files have their names before reveal", async () => {
  const folder = await scratchFolder();
  const files = await stagedFiles(folder, ["x/one", "x/two"]);
  let seen: string[] = [];
  await publish(files, async () => void (seen = await readdir(path.join(folder, "x"))));
  expect(seen.toSorted()).toEqual(["one", "two"]);
});

test("if reveal fails, new files are removed and old ones stay", async () => {
  const folder = await scratchFolder();
  await mkdir(path.join(folder, "x"));
  await writeFile(path.join(folder, "x", "one"), "eno/x");
  const files = await stagedFiles(folder, ["x/one", "x/two", "y/z/three"]);
  const failure = new Error("not revealed");
  await expect(publish(files, () => Promise.reject(failure))).rejects.toBe(failure);
  await files.get(path.join(folder, "x/one"))?.[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual(["x"]);
  expect(await readFile(path.join(folder, "x", "one"), "utf8")).toBe("eno/x");
});

const failure = new Error("not revealed");
const fails = (): Promise<never> => Promise.reject(failure);

/** The files of a folder with their content. */
async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).toSorted();
  const pairs = names.map(async (name) => [name, await readFile(path.join(folder, name), "utf8")]);
  return Object.fromEntries((await Promise.all(pairs)) as [string, string][]);
}

describe("an existing file", () => {
  test("stays the same file if it has the same bytes", async () => {
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "x"));
    const one = path.join(folder, "x/one");
    await writeFile(one, "x/one");
    const { ino } = await stat(one);
    await publish(await stagedFiles(folder, ["x/one"]), async () => {});
    expect((await stat(one)).ino).toBe(ino);
  });

  test("is replaced if it has other bytes, and no temporary is left", async () => {
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "x"));
    await writeFile(path.join(folder, "x/one"), "other");
    await publish(await stagedFiles(folder, ["x/one"]), async () => {});
    expect(await contents(path.join(folder, "x"))).toEqual({ one: "x/one" });
  });

  test("is restored if reveal fails, even if the new files were removed", async () => {
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "x"));
    await writeFile(path.join(folder, "x/one"), "other");
    const files = await stagedFiles(folder, ["x/one", "x/two"]);
    const removesAndFails = async (): Promise<void> => {
      for (const file of files.keys()) await rm(file);
      throw failure;
    };
    await expect(publish(files, removesAndFails)).rejects.toBe(failure);
    expect(await contents(path.join(folder, "x"))).toEqual({ one: "other" });
  });

  test.skipIf(process.platform !== "linux")("is restored if it is a symbolic link", async () => {
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "x"));
    await symlink("nowhere", path.join(folder, "x/one"));
    const files = await stagedFiles(folder, ["x/one"]);
    await expect(publish(files, fails)).rejects.toBe(failure);
    expect(await readlink(path.join(folder, "x/one"))).toBe("nowhere");
    await publish(files, async () => {}).catch(() => {});
    await publish(await stagedFiles(folder, ["x/one"]), async () => {});
    expect((await lstat(path.join(folder, "x/one"))).isFile()).toBe(true);
    expect(await readdir(path.join(folder, "x"))).toEqual(["one"]);
  });

  test("that is a folder is a conflict, and earlier files are removed", async () => {
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "x/two"), { recursive: true });
    const files = await stagedFiles(folder, ["x/one", "x/two"]);
    await expect(publish(files, async () => {})).rejects.toMatchObject({ code: "conflict" });
    expect(await readdir(path.join(folder, "x"))).toEqual(["two"]);
  });
});

test("an existing empty folder stays if reveal fails", async () => {
  const folder = await scratchFolder();
  await mkdir(path.join(folder, "x"));
  const files = await stagedFiles(folder, ["x/one"]);
  await expect(publish(files, fails)).rejects.toBe(failure);
  expect(await readdir(path.join(folder, "x"))).toEqual([]);
});

test.skipIf(process.platform !== "linux")(
  "names are durable before reveal, and each folder is synced once",
  async () => {
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "x"));
    await mkdir(path.join(folder, "y"));
    await writeFile(path.join(folder, "y/old"), "y/old");
    const files = await stagedFiles(folder, ["x/one", "x/two", "y/old"]);
    const log = await recordDisk(folder);
    let before: readonly string[] = [];
    await publish(files, async () => void (before = log.filter((line) => line.startsWith("sync"))));
    expect(before).toEqual(["sync x"]);
  },
);
