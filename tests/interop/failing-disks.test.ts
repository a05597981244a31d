import { execFileSync } from "node:child_process";
import { existsSync, renameSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { contentOf, scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { ociLayout } from "@drayage/transport-oci-layout";
import { dockerArchive, ociArchive } from "@drayage/transport-tarball";
import { describe, expect, onTestFinished, test } from "vitest";

/** References to an image below a folder, for each transport that writes to a disk. */
const transports: Readonly<Record<string, (folder: string) => ImageReference>> = {
  dir: (folder) => directory().parseReference(`${folder}/image`),
  oci: (folder) => ociLayout().parseReference(`${folder}/layout:v1`),
  "docker-archive": (folder) => dockerArchive().parseReference(`${folder}/a.tar:v1`),
  "oci-archive": (folder) => ociArchive().parseReference(`${folder}/a.tar:v1`),
};
const names = Object.keys(transports);

const canMount = process.platform === "linux" && process.getuid?.() === 0;
const image = await randomImage("failing disks", { layerSize: 600_000 });
const from = await inMemory(image);

/** A disk of this size. */
async function disk(size: string): Promise<string> {
  const folder = path.join(await scratchFolder(), "disk");
  await mkdir(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  return folder;
}

const referenceIn = (name: string, folder: string): ImageReference => {
  const reference = transports[name]?.(folder);
  if (reference === undefined) throw new Error(name);
  return reference;
};

describe.skipIf(!canMount).each(names)("a copy to %s:", (name) => {
  test("on a read-only file system fails with its path", async () => {
    const folder = await disk("4m");
    execFileSync("mount", ["-o", "remount,ro", folder]);
    const copied = copyImage(from, referenceIn(name, folder));
    await expect(copied).rejects.toMatchObject({ code: "denied", retryable: false });
    await expect(copied).rejects.toThrow(/is on a read-only file system/);
    await expect(copied).rejects.toThrow(folder);
  });

  test("on a full disk fails with its path, and leaves nothing", async () => {
    const folder = await disk("1m");
    const copied = copyImage(from, referenceIn(name, folder));
    await expect(copied).rejects.toMatchObject({ code: "unavailable", retryable: false });
    await expect(copied).rejects.toThrow(/full; free some space/);
    expect(await readdir(folder)).toEqual([]);
  });

  test("in /proc fails because there is no such folder", async () => {
    const copied = copyImage(from, referenceIn(name, "/proc"));
    await expect(copied).rejects.toMatchObject({ code: "unavailable", retryable: false });
  });
});

describe.each(names)("a copy to %s:", (name) => {
  test("fails with a conflict if the folder is removed during the copy", async () => {
    const folder = path.join(await scratchFolder(), "folder");
    await mkdir(folder);
    const copied = copyImage(from, referenceIn(name, folder), {
      onEvent: ({ kind }) => {
        if (kind === "blob-done" && existsSync(folder)) renameSync(folder, `${folder}-gone`);
      },
    });
    await expect(copied).rejects.toMatchObject({ code: "conflict", retryable: true });
    await expect(copied).rejects.toThrow(/was removed or replaced while it was written to/);
    await expect(copied).rejects.not.toThrow(/\.drayage-/);
    await rm(`${folder}-gone`, { recursive: true });
  });

  test("in a missing folder fails with advice to create it", () => {
    expect(() => referenceIn(name, "/nowhere/deep")).toThrow(
      /\/nowhere\/deep.* does not exist; create it/,
    );
  });

  test("below a file fails and leaves the file", async () => {
    const folder = await scratchFolder();
    await writeFile(path.join(folder, "file"), "content");
    const before = await contentOf(folder);
    expect(() => referenceIn(name, path.join(folder, "file"))).toThrow(/is a file, not a folder/);
    expect(await contentOf(folder)).toEqual(before);
  });

  test("with a name that is too long fails with an explanation", async () => {
    const folder = path.join(await scratchFolder(), "x".repeat(300));
    const copy = async (): Promise<unknown> => copyImage(from, referenceIn(name, folder));
    await expect(copy()).rejects.toMatchObject({ code: "invalid-reference" });
    await expect(copy()).rejects.toThrow(/too long/);
  });
});
