import { readdir } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";
import { closestMatch } from "@drayage/core/text";

/** The error for a missing file, with a similar name in its folder if there is one. `what` is the kind of file. */
export async function missingFile(what: string, file: string, cause: unknown): Promise<ImageError> {
  const folder = path.dirname(file);
  const names = await readdir(folder).catch(() => []);
  const similar = names.length > maxNames ? undefined : closestMatch(path.basename(file), names);
  const hint = similar === undefined ? "" : `; did you mean ${path.join(folder, similar)}?`;
  return new ImageError("not-found", `No ${what} ${file}${hint}`, { cause });
}

/** Comparing more names would delay the error noticeably. */
const maxNames = 10_000;
