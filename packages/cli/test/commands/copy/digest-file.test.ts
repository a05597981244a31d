import { execFileSync } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { requireWritable, writeDigestFile } from "../../../src/commands/copy/digest-file.ts";

const digest = `sha256:${"a".repeat(64)}`;

async function newPipe(): Promise<string> {
  const pipe = path.join(await scratchFolder(), "pipe");
  execFileSync("mkfifo", [pipe]);
  return pipe;
}

test("a named pipe gets the digest once it is read", async () => {
  const pipe = await newPipe();
  await requireWritable(pipe);
  const written = writeDigestFile(pipe, digest, new AbortController().signal);
  expect(await readFile(pipe, "utf8")).toBe(digest);
  await written;
});

test("an abort ends the wait for a reader of a named pipe", async () => {
  const controller = new AbortController();
  const written = writeDigestFile(await newPipe(), digest, controller.signal);
  const reason = new Error("interrupted");
  setTimeout(() => controller.abort(reason), 50);
  await expect(written).rejects.toBe(reason);
});

test("a full disk is named as such", async () => {
  const written = writeDigestFile("/dev/full", digest, new AbortController().signal);
  await expect(written).rejects.toThrow(/is not in \/dev\/full: the disk is full; free some space/);
});

test("a link that leads nowhere is named as such", async () => {
  const link = path.join(await scratchFolder(), "link");
  await symlink("nowhere", link);
  await expect(requireWritable(link)).rejects.toThrow(/it is a symbolic link that leads nowhere/);
});
