import path from "node:path";

import { streamOf } from "@drayage/core/content";

import { syncFolder } from "./folders.ts";
import { writeTemporary } from "./write-temporary.ts";
import type { WriteOptions } from "./write-temporary.ts";

/** Replaces the content of a file atomically. @throws ImageError */
export async function replaceFile(
  file: string,
  content: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const folder = path.dirname(file);
  await using temporary = await writeTemporary(folder, streamOf(content), {}, options);
  await temporary.moveTo(file);
  await syncFolder(folder);
}
