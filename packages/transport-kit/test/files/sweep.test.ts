import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  rename,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { StagedFolder, sweep, temporaryName } from "@drayage/transport-kit/files";
import { describe, expect, test } from "vitest";

const isRoot = process.getuid?.() === 0;
const otherUser = 65_534;

/** The name of a temporary file of an ended process of this host. No process has this number. */
function nameOfEnded(): string {
  return temporaryName().replace(/-\d+-/, "-2147483647-");
}

describe("a sweep", () => {
  test("removes files and stages of an ended process", async () => {
    const folder = await scratchFolder();
    const name = nameOfEnded();
    await mkdir(path.join(folder, name, name), { recursive: true });
    await writeFile(path.join(folder, name, name, "file"), "");
    await sweep(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  test("leaves old temporaries of a running process of this host", async () => {
    const folder = await scratchFolder();
    const name = temporaryName();
    await writeFile(path.join(folder, name), "");
    await utimes(path.join(folder, name), 0, 0);
    await sweep(folder);
    expect(await readdir(folder)).toEqual([name]);
  });

  test("removes a link and does not follow it", async () => {
    const [folder, victim] = [await scratchFolder(), await scratchFolder()];
    await writeFile(path.join(victim, "precious"), "");
    const name = nameOfEnded();
    await symlink(victim, path.join(folder, name));
    await sweep(folder);
    expect(await readdir(folder)).toEqual([]);
    await mkdir(path.join(folder, name));
    await symlink(victim, path.join(folder, name, "link"));
    await sweep(folder);
    expect(await readdir(folder)).toEqual([]);
    expect(await readdir(victim)).toEqual(["precious"]);
  });

  test.skipIf(!isRoot)("leaves files of another user, whatever their names", async () => {
    const folder = await scratchFolder();
    const [one, two] = [nameOfEnded(), ".drayage-00000000-1-0123456789abcdef"];
    await mkdir(path.join(folder, one));
    await writeFile(path.join(folder, two), "");
    await utimes(path.join(folder, two), 0, 0);
    for (const name of [one, two]) await chown(path.join(folder, name), otherUser, otherUser);
    await sweep(folder);
    expect((await readdir(folder)).toSorted()).toEqual([one, two].toSorted());
  });

  test("leaves a folder that others could have renamed to the name of a stage", async () => {
    const folder = await scratchFolder();
    await chmod(folder, 0o777);
    const name = nameOfEnded();
    await mkdir(path.join(folder, "precious"));
    await writeFile(path.join(folder, "precious", "file"), "");
    await writeFile(path.join(folder, "precious", ".drayage-lock"), "");
    await rename(path.join(folder, "precious"), path.join(folder, name));
    await sweep(folder);
    expect((await readdir(path.join(folder, name))).toSorted()).toEqual([".drayage-lock", "file"]);
    // A stage contains only temporary files.
    const stage = name.replace(/.{4}$/, "0000");
    await mkdir(path.join(folder, stage));
    await writeFile(path.join(folder, stage, name), "");
    await sweep(folder);
    expect(await readdir(folder)).toEqual([name]);
  });
});

describe("a stage", () => {
  test("is private to this user", async () => {
    await using staged = await StagedFolder.open(await scratchFolder());
    expect((await lstat(staged.stage)).mode & 0o777).toBe(0o700);
  });

  test("that was replaced with a link is removed without its target", async () => {
    const [folder, victim] = [await scratchFolder(), await scratchFolder()];
    await writeFile(path.join(victim, "precious"), "");
    const staged = await StagedFolder.open(folder);
    await rename(staged.stage, path.join(folder, "aside"));
    await symlink(victim, staged.stage);
    await staged[Symbol.asyncDispose]();
    expect(await readdir(victim)).toEqual(["precious"]);
  });

  test("is not created with endless retries below a folder that does not allow files", async () => {
    const opened = StagedFolder.open("/proc/drayage/stage");
    await expect(opened).rejects.toMatchObject({ code: "unavailable", retryable: false });
  });
});
