import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";

import { digestOf } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import {
  cloneTemporary,
  fileBytes,
  findNamedFile,
  openRegularFile,
  readNamedFile,
  readSmallFile,
} from "@drayage/transport-kit/files";
import { describe, expect, onTestFinished, test } from "vitest";

const isWindows = process.platform === "win32";

/** Files that are not regular, by kind. */
async function oddFiles(): Promise<Readonly<Record<string, string>>> {
  const folder = await scratchFolder();
  const [pipe, link, device] = ["pipe", "link", "device"].map((name) => path.join(folder, name));
  if (pipe === undefined || link === undefined || device === undefined) throw new Error("names");
  execFileSync("mkfifo", [pipe]);
  await symlink(pipe, link);
  await symlink("/dev/zero", device);
  return { pipe, link, device };
}

describe.skipIf(isWindows)("if a regular file is expected", () => {
  test.each(["pipe", "link", "device"])(
    "a %s is rejected at once by all functions",
    async (kind) => {
      const file = (await oddFiles())[kind] ?? "";
      const refused = { code: "unsupported" };
      await expect(openRegularFile(file)).rejects.toMatchObject(refused);
      await expect(readSmallFile(file, 100)).rejects.toMatchObject(refused);
      await expect(fileBytes(file).next()).rejects.toMatchObject(refused);
    },
  );

  test("a pipe is not cloned and does not block", async () => {
    const { pipe = "" } = await oddFiles();
    const expected = { digest: digestOf(Buffer.from("x")), size: 1 };
    const clone = cloneTemporary(await scratchFolder(), pipe, expected);
    expect(await clone).toBeUndefined();
  });

  test("a folder is rejected with the system code", async () => {
    await expect(openRegularFile(await scratchFolder())).rejects.toMatchObject({ code: "EISDIR" });
  });

  test("a link is followed only with followLinks", async () => {
    const folder = await scratchFolder();
    await writeFile(path.join(folder, "file"), "content");
    await symlink("file", path.join(folder, "link"));
    const link = path.join(folder, "link");
    expect(await readSmallFile(link, 100)).toEqual(Buffer.from("content"));
    const read = readSmallFile(link, 100, { followLinks: false });
    await expect(read).rejects.toMatchObject({ code: "unsupported" });
  });

  test("a loop of links is reported as such", async () => {
    const folder = await scratchFolder();
    await symlink("b", path.join(folder, "a"));
    await symlink("a", path.join(folder, "b"));
    const read = readSmallFile(path.join(folder, "a"), 100);
    await expect(read).rejects.toMatchObject({ code: "invalid-reference" });
  });

  test.skipIf(process.platform !== "linux")(
    "a file without a size is read to its end",
    async () => {
      const status = await readSmallFile("/proc/self/status", 1 << 20);
      expect(Buffer.from(status ?? []).toString()).toMatch(/^Name:/);
    },
  );

  test("a file of a terabyte is read only up to the limit", async () => {
    const file = path.join(await scratchFolder(), "large");
    await writeFile(file, "");
    await truncate(file, 2 ** 40);
    await expect(readSmallFile(file, 1000)).rejects.toMatchObject({ code: "invalid-manifest" });
    await expect(readNamedFile(file, { limit: 1000 })).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

describe.skipIf(isWindows)("a file that the user named", () => {
  test("may be a pipe that is still written", async () => {
    const { pipe = "" } = await oddFiles();
    const writing = writeFile(pipe, Buffer.alloc(300_000, "x"));
    const read = await readNamedFile(pipe);
    await writing;
    expect(read.byteLength).toBe(300_000);
  });

  test("may be missing", async () => {
    expect((await readNamedFile("/dev/null")).byteLength).toBe(0);
    expect(await findNamedFile(path.join(await scratchFolder(), "missing"))).toBeUndefined();
  });

  test("is read only up to the limit if it is endless", async () => {
    await expect(readNamedFile("/dev/zero", { limit: 1000 })).rejects.toMatchObject({
      code: "unsupported",
    });
  });

  test("is aborted at once if its writer sends nothing", async () => {
    const { pipe = "" } = await oddFiles();
    const writer = execFile("sh", ["-c", 'exec 3>"$0"; echo open; exec sleep 60', pipe]);
    onTestFinished(() => void writer.kill("SIGKILL"));
    const controller = new AbortController();
    const read = readNamedFile(pipe, { signal: controller.signal });
    const reason = new Error("enough");
    const outcome = read.catch((error: unknown) => error);
    if (writer.stdout) await once(writer.stdout, "data");
    controller.abort(reason);
    expect(await outcome).toBe(reason);
  });

  test("is empty if it is a pipe without a writer", async () => {
    const { pipe = "" } = await oddFiles();
    expect((await readNamedFile(pipe)).byteLength).toBe(0);
  });

  test("cannot be a folder", async () => {
    const folder = path.join(await scratchFolder(), "folder");
    await mkdir(folder);
    await chmod(folder, 0o755);
    await expect(readNamedFile(folder)).rejects.toMatchObject({ code: "unsupported" });
  });
});
