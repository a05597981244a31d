import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import { contentOf, scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage, writeImage } from "@drayage/testkit";
import { expect, onTestFinished, test } from "vitest";

import { ociLayout } from "../src/index.ts";

/** A disk of one megabyte; undefined if this user cannot mount one. */
async function tinyDisk(): Promise<string | undefined> {
  const folder = path.join(await scratchFolder(), "disk");
  await mkdir(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  return folder;
}

test.for([
  ["read", undefined],
  ["cloned", "oci"],
] as const)(
  "a disk that is full while blobs are %s is reported, and left unchanged",
  async ([, kind], { skip }) => {
    const disk = await tinyDisk();
    if (disk === undefined) return skip("this user cannot mount disks");
    const transport = ociLayout();
    const small = await randomImage("small");
    await writeImage(small, transport.parseReference(`${disk}/layout:small`));
    const before = await contentOf(disk);
    const large = await randomImage("large", { layerSize: 600_000 });
    const onOtherDisk = transport.parseReference(`${await scratchFolder()}/from:v1`);
    await writeImage(large, onOtherDisk);
    const from = kind === undefined ? await inMemory(large) : onOtherDisk;
    const copied = copyImage(from, transport.parseReference(`${disk}/layout:large`));
    await expect(copied).rejects.toMatchObject({ code: "unavailable", retryable: false });
    expect(await contentOf(disk)).toEqual(before);
    await assertImage(transport.parseReference(`${disk}/layout:small`), small);
  },
);
