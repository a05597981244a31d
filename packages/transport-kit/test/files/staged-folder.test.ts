import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { inOne } from "@drayage/core";
import { ended, nextMessage, scratchFolder } from "@drayage/test-support";
import {
  isPassing,
  publish,
  StagedFolder,
  sweep,
  writeTemporary,
} from "@drayage/transport-kit/files";
import type { TemporaryFile } from "@drayage/transport-kit/files";
import { expect, test } from "vitest";

import { startProgram } from "./programs.ts";

test("a stage is gone afterwards, and so is a folder that was made for it", async () => {
  const parent = await scratchFolder();
  const folder = path.join(parent, "a", "b");
  {
    await using staged = await StagedFolder.open(folder);
    await writeFile(path.join(staged.stage, "file"), "content");
    expect(await readdir(folder)).toEqual([path.basename(staged.stage)]);
  }
  expect(await readdir(parent)).toEqual([]);
});

test("a folder that was there stays, and so does one that is no longer empty", async () => {
  const parent = await scratchFolder();
  const [there, used] = [path.join(parent, "there"), path.join(parent, "used")];
  await mkdir(there);
  for (const folder of [there, used]) {
    await using _ = await StagedFolder.open(folder);
    if (folder === used) await writeFile(path.join(folder, "file"), "content");
  }
  expect(await readdir(parent)).toEqual(["there", "used"]);
  expect(await readdir(used)).toEqual(["file"]);
});

test("what a killed process left is swept by the next, what a living one has is not", async () => {
  const folder = await scratchFolder();
  const [dead, alive] = [
    startProgram("leave-stage.ts", folder),
    startProgram("leave-stage.ts", folder),
  ];
  const [, living] = await Promise.all([nextMessage(dead), nextMessage(alive)]);
  dead.kill("SIGKILL");
  await ended(dead);
  await using _ = await StagedFolder.open(folder);
  const names = await readdir(folder);
  expect(names).toContain(living);
  expect(names).toHaveLength(2);
});

test("what other hosts left is swept after a day; what is not ours never", async () => {
  const folder = await scratchFolder();
  const names = {
    old: ".drayage-00000000-1-0123456789abcdef",
    oldRight: ".drayage-lock-0123456789abcdef",
    oldLock: ".drayage-lock",
    oldOther: ".drayage.json",
    recent: ".drayage-00000000-2-0123456789abcdef",
  };
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  for (const name of Object.values(names)) await writeFile(path.join(folder, name), "");
  for (const name of [names.old, names.oldRight, names.oldLock, names.oldOther])
    await utimes(path.join(folder, name), yesterday, yesterday);
  await sweep(folder);
  const left = await readdir(folder);
  expect(left.toSorted()).toEqual([names.oldLock, names.oldOther, names.recent].toSorted());
  expect(left.map(isPassing).filter(Boolean)).toHaveLength(2);
});

test("a folder that is not there needs no sweep", async () => {
  await sweep(path.join(await scratchFolder(), "missing"));
});

async function stagedFiles(
  folder: string,
  names: readonly string[],
): Promise<Map<string, TemporaryFile>> {
  const files = new Map<string, TemporaryFile>();
  for (const name of names) {
    files.set(path.join(folder, name), await writeTemporary(folder, inOne(Buffer.from(name)), {}));
  }
  return files;
}

test("published files have their names before the step that reveals them", async () => {
  const folder = await scratchFolder();
  const files = await stagedFiles(folder, ["x/one", "x/two"]);
  let seen: string[] = [];
  await publish(files, async () => void (seen = await readdir(path.join(folder, "x"))));
  expect(seen.toSorted()).toEqual(["one", "two"]);
});

test("where the revealing step fails, what is new goes and what was there stays", async () => {
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
