import { execFileSync } from "node:child_process";
import { chmod, chown, rename, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { findAbandoned } from "../../src/uploads/abandoned-upload.ts";

const isRoot = process.getuid?.() === 0;
const upload = { pool: "https://s3.example bucket blobs", key: "key", headers: "{}", begun: 0 };
const name = "upload-left-0123456789abcdef";

async function written(): Promise<string> {
  const file = path.join(await scratchFolder(), name);
  await writeFile(file, `${JSON.stringify({ version: 1, ...upload })}\n"id"\n`, { mode: 0o600 });
  return file;
}

test("an upload that this user recorded is found", async () => {
  expect(await findAbandoned(await written())).toEqual({ ...upload, uploadId: "id" });
});

const changes: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  "that others may write": (file) => chmod(file, 0o666),
  "that is a link": async (file) => {
    await rename(file, `${file}-target`);
    await symlink(`${file}-target`, file);
  },
  "that is a pipe": async (file) => {
    await rename(file, `${file}-target`);
    execFileSync("mkfifo", [file]);
    await utimes(file, 0, 0);
  },
  ...(isRoot && { "of another user": (file) => chown(file, 65_534, 65_534) }),
};

test.each(Object.keys(changes))("a file %s is ignored and kept", async (kind) => {
  const file = await written();
  await changes[kind]?.(file);
  expect(await findAbandoned(file)).toBeUndefined();
});
