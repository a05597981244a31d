import { chmod, mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { interceptDisk, scratchFolder, systemError } from "@drayage/test-support";
import { isTemporaryName, StagedFolder, sweep } from "@drayage/transport-kit/files";
import { describe, expect, test } from "vitest";

test("disposal removes the stage, and the folder if it is new", async () => {
  const parent = await scratchFolder();
  const folder = path.join(parent, "a", "b");
  {
    await using staged = await StagedFolder.open(folder);
    await writeFile(path.join(staged.stage, "file"), "content");
    expect(await readdir(folder)).toEqual([path.basename(staged.stage)]);
  }
  expect(await readdir(parent)).toEqual([]);
});

test("an existing folder stays, and a new one that is not empty", async () => {
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

test("temporary files of other hosts are swept after a day, other files never", async () => {
  const folder = await scratchFolder();
  const names = {
    old: ".drayage-00000000-1-0123456789abcdef",
    oldRight: ".drayage-lock-0123456789abcdef",
    oldLock: ".drayage-lock",
    oldOther: ".drayage.json",
    recent: ".drayage-00000000-2-0123456789abcdef",
    today: ".drayage-00000000-3-0123456789abcdef",
  };
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  for (const name of Object.values(names)) await writeFile(path.join(folder, name), "");
  for (const name of [names.old, names.oldRight, names.oldLock, names.oldOther])
    await utimes(path.join(folder, name), yesterday, yesterday);
  await utimes(path.join(folder, names.today), yesterday + 7200, yesterday + 7200);
  await sweep(folder);
  const left = await readdir(folder);
  const { oldLock, oldOther, recent, today } = names;
  expect(left.toSorted()).toEqual([oldLock, oldOther, recent, today].toSorted());
  expect(left.map(isTemporaryName).filter(Boolean)).toHaveLength(3);
});

test("a sweep ignores a missing folder", async () => {
  await sweep(path.join(await scratchFolder(), "missing"));
});

describe("a folder", () => {
  /** The first `times` stages fail with this code, after `act`. */
  function failingStages(
    folder: string,
    code: string,
    { times = Infinity, act = async () => {} }: { times?: number; act?: () => Promise<void> } = {},
  ): { readonly count: number } {
    const stages = { count: 0 };
    interceptDisk("mkdir", (call) => async (made, ...rest) => {
      if (path.dirname(made) !== folder) return call(made, ...rest);
      if (stages.count++ >= times) return call(made, ...rest);
      await act();
      throw systemError(code);
    });
    return stages;
  }

  test("that another copy removes before it contains a stage is created again", async () => {
    const folder = path.join(await scratchFolder(), "a");
    failingStages(folder, "ENOENT", { times: 4, act: () => rm(folder, { recursive: true }) });
    await using staged = await StagedFolder.open(folder);
    expect(await readdir(folder)).toEqual([path.basename(staged.stage)]);
  });

  test("that is removed again and again is a conflict, and leaves nothing", async () => {
    const parent = await scratchFolder();
    const folder = path.join(parent, "a");
    const stages = failingStages(folder, "ENOENT", { act: () => rm(folder, { recursive: true }) });
    const opened = StagedFolder.open(folder);
    await expect(opened).rejects.toMatchObject({ code: "conflict", retryable: true });
    expect(stages.count).toBe(5);
    expect(await readdir(parent)).toEqual([]);
  });

  test("of a file system without files is an error that is not retryable", async () => {
    const folder = await scratchFolder();
    const stages = failingStages(folder, "ENOENT");
    const opened = StagedFolder.open(folder);
    await expect(opened).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
      cause: { code: "ENOENT" },
    });
    expect(stages.count).toBe(5);
  });

  test("without write permission is denied, and removed if it is new", async () => {
    const parent = await scratchFolder();
    const folder = path.join(parent, "a/b");
    const stages = failingStages(folder, "EACCES");
    await expect(StagedFolder.open(folder)).rejects.toMatchObject({ code: "denied" });
    expect(stages.count).toBe(1);
    expect(await readdir(parent)).toEqual([]);
    await mkdir(folder, { recursive: true });
    await expect(StagedFolder.open(folder)).rejects.toMatchObject({ code: "denied" });
    expect(await readdir(parent)).toEqual(["a"]);
  });

  test("that is missing at disposal is not an error", async () => {
    const folder = path.join(await scratchFolder(), "a");
    await using _ = await StagedFolder.open(folder);
    await rename(folder, `${folder}-gone`);
  });
});

describe("without `/proc/self/fd`", () => {
  async function withoutPins(mode: number): Promise<string> {
    const folder = await scratchFolder();
    await chmod(folder, mode);
    interceptDisk("stat", (call) => async (file, ...rest) => {
      if (file.startsWith("/proc/self/fd/")) throw systemError("ENOENT");
      return call(file, ...rest);
    });
    return folder;
  }
  const old = ".drayage-00000000-1-0123456789abcdef";

  test.each([
    ["nothing is removed", "others may rename in it", 0o777, 2],
    ["temporaries are removed", "only this user may", 0o700, 0],
    ["temporaries are removed", "the sticky bit keeps others from it", 0o1777, 0],
  ])("%s from a folder if %s", async (_, __, mode, left) => {
    const folder = await withoutPins(mode);
    await writeFile(path.join(folder, old), "");
    await utimes(path.join(folder, old), 0, 0);
    await (await StagedFolder.open(folder))[Symbol.asyncDispose]();
    expect(await readdir(folder)).toHaveLength(left);
    expect((await stat(folder)).mode & 0o777).toBe(mode & 0o777);
  });
});
