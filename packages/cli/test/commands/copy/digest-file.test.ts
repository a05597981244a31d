import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { expect, onTestFinished, test } from "vitest";

import { requireWritable, writeDigestFile } from "../../../src/commands/copy/digest-file.ts";

const digest = `sha256:${"a".repeat(64)}`;

async function newPipe(): Promise<string> {
  const pipe = path.join(await scratchFolder(), "pipe");
  execFileSync("mkfifo", [pipe]);
  return pipe;
}

test("a named pipe receives the digest when it is read", async () => {
  const pipe = await newPipe();
  await requireWritable(pipe);
  const written = writeDigestFile(pipe, digest, new AbortController().signal);
  expect(await readFile(pipe, "utf8")).toBe(digest);
  await written;
});

test("an abort stops waiting for the reader of a named pipe", async () => {
  const controller = new AbortController();
  const written = writeDigestFile(await newPipe(), digest, controller.signal);
  const reason = new Error("interrupted");
  setTimeout(() => controller.abort(reason), 50);
  await expect(written).rejects.toBe(reason);
});

test("the error reports a full disk", async () => {
  const written = writeDigestFile("/dev/full", digest, new AbortController().signal);
  await expect(written).rejects.toThrow(/to \/dev\/full failed: the disk is full; free some space/);
});

const canMount = process.platform === "linux" && process.getuid?.() === 0;

test.skipIf(!canMount)("a full disk leaves no empty file", async () => {
  const disk = path.join(await scratchFolder(), "disk");
  await mkdir(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4096", "tmpfs", disk]);
  onTestFinished(() => void execFileSync("umount", ["--lazy", disk]));
  await writeFile(path.join(disk, "filling"), Buffer.alloc(4096));
  const file = path.join(disk, "digest");
  const written = writeDigestFile(file, digest, new AbortController().signal);
  await expect(written).rejects.toThrow(/the disk is full/);
  expect(existsSync(file)).toBe(false);
});

test("the error reports a dangling link", async () => {
  const link = path.join(await scratchFolder(), "link");
  await symlink("nowhere", link);
  await expect(requireWritable(link)).rejects.toThrow(/it is a dangling symbolic link/);
});
