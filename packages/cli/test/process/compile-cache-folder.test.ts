import { chmod, chown, lchown, mkdir, readdir, rm, stat, symlink } from "node:fs/promises";
import path from "node:path";

import { contentOf, scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { compileCacheFolder } from "../../src/process/compile-cache-folder.ts";

const isRoot = process.geteuid?.() === 0;
const otherUser = 65_534;

async function modeOf(folder: string): Promise<string> {
  return ((await stat(folder)).mode & 0o7777).toString(8);
}

/** A folder whose mode does not depend on the umask. */
async function folderWith(mode: number, ...names: readonly string[]): Promise<string> {
  const folder = path.join(...names);
  await mkdir(folder, { recursive: true });
  await chmod(folder, mode);
  return folder;
}

test("the compile cache is in the user's state folder, which is created with mode 0700", async () => {
  const home = await scratchFolder();
  const way = ".local/state/drayage/compile-cache";
  const folder = path.join(home, way);
  expect(compileCacheFolder({ HOME: home })).toBe(folder);
  for (const name of [".local", ".local/state", ".local/state/drayage", way]) {
    expect(await modeOf(path.join(home, name))).toBe("700");
  }
  expect(compileCacheFolder({ HOME: home }), "the second time").toBe(folder);
});

test("XDG_STATE_HOME takes precedence if it is absolute", async () => {
  const [home, cache] = [await scratchFolder(), await scratchFolder()];
  const folder = path.join(cache, "drayage/compile-cache");
  expect(compileCacheFolder({ HOME: home, XDG_STATE_HOME: cache })).toBe(folder);
  const expected = path.join(home, ".local/state/drayage/compile-cache");
  expect(compileCacheFolder({ HOME: home, XDG_STATE_HOME: "relative" })).toBe(expected);
  expect(compileCacheFolder({ HOME: home, XDG_STATE_HOME: "" })).toBe(expected);
});

test.each([
  ["unset", {}],
  ["empty", { HOME: "" }],
  ["relative", { HOME: "somewhere" }],
  ["below /proc, where no folder can be created", { HOME: "/proc/self" }],
  ["in a file", { HOME: import.meta.filename }],
])("there is no compile cache if the home is %s", (_, environment) => {
  expect(compileCacheFolder(environment)).toBeUndefined();
});

test("a missing home is not created", async () => {
  const folder = await scratchFolder();
  expect(compileCacheFolder({ HOME: path.join(folder, "home") })).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ["everyone", 0o777],
  ["a group", 0o775],
  ["everyone, with the sticky bit,", 0o1777],
])("a folder that is writable by %s is not used as the compile cache", async (_, mode) => {
  const home = await scratchFolder();
  await folderWith(mode, home, ".local/state/drayage/compile-cache");
  expect(compileCacheFolder({ HOME: home })).toBeUndefined();
});

test.each(["home", "home/.local", "home/.local/state", "home/.local/state/drayage", "."])(
  "no folder is created below a folder that is writable by everyone: %s",
  async (name) => {
    const folder = await scratchFolder();
    await mkdir(path.join(folder, "home"));
    await folderWith(0o777, folder, name);
    const before = await contentOf(folder);
    expect(compileCacheFolder({ HOME: path.join(folder, "home") })).toBeUndefined();
    expect(await contentOf(folder)).toEqual(before);
  },
);

test("the user's own folder in a sticky shared folder is used", async () => {
  const shared = await folderWith(0o1777, await scratchFolder());
  const folder = path.join(shared, "drayage/compile-cache");
  expect(compileCacheFolder({ XDG_STATE_HOME: shared })).toBe(folder);
});

test("a link of the user is followed, and the result has no links", async () => {
  const [home, disk] = [await scratchFolder(), await scratchFolder()];
  await symlink(path.relative(home, disk), path.join(home, ".local"));
  expect(compileCacheFolder({ HOME: home })).toBe(path.join(disk, "state/drayage/compile-cache"));
});

test("a link to a folder that is writable by everyone is not followed", async () => {
  const [home, shared] = [await scratchFolder(), await scratchFolder()];
  await folderWith(0o777, shared);
  await symlink(shared, path.join(home, ".local"));
  expect(compileCacheFolder({ HOME: home })).toBeUndefined();
  expect(await readdir(shared)).toEqual([]);
});

test("the compile cache must not be a link, and link cycles end", async () => {
  const [home, disk] = [await scratchFolder(), await scratchFolder()];
  await mkdir(path.join(home, ".local/state/drayage"), { recursive: true, mode: 0o700 });
  await symlink(disk, path.join(home, ".local/state/drayage/compile-cache"));
  expect(compileCacheFolder({ HOME: home })).toBeUndefined();
  await rm(path.join(home, ".local"), { recursive: true });
  await symlink(".local", path.join(home, ".local"));
  expect(compileCacheFolder({ HOME: home })).toBeUndefined();
});

test.runIf(isRoot).each(["home", "home/.local", "home/.local/state", "home/.local/state/drayage"])(
  "another user's folder is not used, as with sudo: %s",
  async (name) => {
    const folder = await scratchFolder();
    const home = path.join(folder, "home");
    const cache = await folderWith(0o700, home, ".local/state/drayage/compile-cache");
    expect(compileCacheFolder({ HOME: home })).toBe(cache);
    await chown(path.join(folder, name), otherUser, otherUser);
    expect(compileCacheFolder({ HOME: home })).toBeUndefined();
  },
);

test.runIf(isRoot)("another user's link in a shared folder is not followed", async () => {
  const [shared, own] = [await scratchFolder(), await scratchFolder()];
  await folderWith(0o1777, shared);
  await symlink(own, path.join(shared, "drayage"));
  await lchown(path.join(shared, "drayage"), otherUser, otherUser);
  expect(compileCacheFolder({ XDG_STATE_HOME: shared })).toBeUndefined();
  expect(await readdir(own)).toEqual([]);
});
