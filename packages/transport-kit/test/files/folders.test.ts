import { mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { nextMessage, recordDisk, scratchFolder, startProgram } from "@drayage/test-support";
import { makeFolder } from "@drayage/transport-kit/files";
import { expect, onTestFinished, test } from "vitest";

test("a folder is created with its parents, and the topmost new one is returned", async () => {
  const folder = await scratchFolder();
  const [top, deep] = [path.join(folder, "a"), path.join(folder, "a/b/c")];
  expect(await makeFolder(deep, { mode: 0o700 })).toBe(top);
  expect((await stat(deep)).mode & 0o777).toBe(0o700);
  expect(await makeFolder(deep)).toBeUndefined();
  expect(await makeFolder(path.join(deep, "d"))).toBe(path.join(deep, "d"));
});

test.skipIf(process.platform !== "linux")("a new folder is durable", async () => {
  const folder = await scratchFolder();
  const log = await recordDisk(folder);
  await makeFolder(path.join(folder, "a/b"));
  expect(log).toEqual(["sync ."]);
});

test("parallel calls can create the same folder", async () => {
  const deep = path.join(await scratchFolder(), "a/b/c/d");
  const made = await Promise.all(Array.from({ length: 20 }, () => makeFolder(deep)));
  expect(made.filter((topmost) => topmost !== undefined).length).toBeGreaterThan(0);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test.skipIf(process.platform !== "linux").each(["/proc/drayage", "/proc/drayage/a/b"])(
  "%s, which cannot be created, is an error without endless retries",
  async (folder) => {
    await expect(makeFolder(folder)).rejects.toMatchObject({ code: "unavailable" });
  },
);

test.skipIf(process.platform !== "linux")("no folder is created below a removed one", async () => {
  const folder = path.join(await scratchFolder(), "gone");
  await mkdir(folder);
  const program = path.join(import.meta.dirname, "make-below-removed.ts");
  expect(await nextMessage(startProgram(program, folder))).toBe("unavailable");
});

test("in a removed working folder, absolute paths work and relative ones are an error with advice", async () => {
  const folder = path.join(await scratchFolder(), "removed");
  await mkdir(folder);
  const program = path.join(import.meta.dirname, "path-in-removed.ts");
  expect(await nextMessage(startProgram(program, folder))).toEqual([
    "/image",
    "image cannot be found: the working folder was removed; change to another folder, or use an absolute path",
  ]);
});

test.each(["file", "dangling"])("an existing %s is a conflict", async (kind) => {
  const folder = await scratchFolder();
  await writeFile(path.join(folder, "file"), "");
  await symlink("nowhere", path.join(folder, "dangling"));
  for (const below of [kind, `${kind}/below`])
    await expect(makeFolder(path.join(folder, below))).rejects.toMatchObject({
      code: expect.stringMatching(/conflict|unavailable/) as string,
    });
  expect(await readdir(folder)).toEqual(["dangling", "file"]);
});

test("a name that is too long is reported as such", async () => {
  const made = makeFolder(path.join(await scratchFolder(), "x".repeat(300)));
  await expect(made).rejects.toMatchObject({ code: "invalid-reference" });
  await expect(made).rejects.toThrow("too long");
});

test("a link to a folder is accepted", async () => {
  const folder = await scratchFolder();
  await symlink(".", path.join(folder, "link"));
  expect(await makeFolder(path.join(folder, "link/below"))).toBe(path.join(folder, "link/below"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});
