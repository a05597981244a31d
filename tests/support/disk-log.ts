import { readlinkSync } from "node:fs";
import fs from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";

import { onTestFinished } from "vitest";

/**
 * Records what this process makes durable, in order: `sync PATH` when it is done, and `rename PATH`, with paths
 * relative to the folder.
 */
export async function recordDisk(folder: string): Promise<readonly string[]> {
  const log: string[] = [];
  const note = (step: string, file: string): void => {
    const name = path.relative(folder, file);
    if (!name.startsWith("..")) log.push(`${step} ${name === "" ? "." : name}`);
  };
  const { rename } = fs;
  fs.rename = async (from, to) => {
    await rename(from, to);
    note("rename", String(to));
  };
  syncBuiltinESMExports();
  const prototype = await handlePrototype();
  const before: Record<string, unknown> = {};
  for (const name of ["sync", "datasync"] as const) {
    const work: (this: FileHandle) => Promise<void> = Reflect.get<FileHandle, typeof name>(
      prototype,
      name,
    );
    before[name] = work;
    prototype[name] = async function (this: FileHandle): Promise<void> {
      const file = readlinkSync(`/proc/self/fd/${this.fd}`);
      await work.call(this);
      note("sync", file);
    };
  }
  onTestFinished(() => {
    Object.assign(prototype, before);
    fs.rename = rename;
    syncBuiltinESMExports();
  });
  return log;
}

async function handlePrototype(): Promise<FileHandle> {
  await using handle = await fs.open(import.meta.filename);
  return Object.getPrototypeOf(handle) as FileHandle;
}
