import { open } from "node:fs/promises";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { KeySource } from "./policy.ts";

/** Larger than any keyring or certificate bundle of a distribution. */
const maxKeyBytes = 4 * 1024 * 1024;

/** Reads the content of all keys. @throws ImageError `untrusted` if a file cannot be read */
export async function keyContents(
  sources: readonly KeySource[],
  options: OperationOptions = {},
): Promise<readonly Uint8Array[]> {
  return Promise.all(sources.map((source) => keyContent(source, options)));
}

/** Reads the content of one key. @throws ImageError `untrusted` if its file cannot be read */
export async function keyContent(
  source: KeySource,
  { signal }: OperationOptions = {},
): Promise<Uint8Array> {
  if ("data" in source) return source.data;
  signal?.throwIfAborted();
  try {
    return await fileContent(source.path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "it does not exist" : message;
    throw new ImageError("untrusted", `The key ${source.path} cannot be read: ${why}`, { cause });
  }
}

async function fileContent(file: string): Promise<Uint8Array> {
  await using handle = await open(file);
  const stats = await handle.stat();
  if (!stats.isFile()) throw new Error("it is not a regular file");
  if (stats.size > maxKeyBytes) throw new Error(`it is larger than ${maxKeyBytes} bytes`);
  return await handle.readFile();
}
