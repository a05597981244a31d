import { readdir } from "node:fs/promises";
import path from "node:path";

import { ImageError, nearestOf } from "@drayage/core";

/** For a file that is not there: the error, with the name beside it that may have been meant. `what` is what should be there. */
export async function missingFile(what: string, file: string, cause: unknown): Promise<ImageError> {
  const folder = path.dirname(file);
  const names = await readdir(folder).catch(() => []);
  const meant = names.length > mostNames ? undefined : nearestOf(path.basename(file), names);
  const hint = meant === undefined ? "" : `; did you mean ${path.join(folder, meant)}?`;
  return new ImageError("not-found", `No ${what} ${file}${hint}`, { cause });
}

/** Comparing more would take longer than people like to wait for an error. */
const mostNames = 10_000;
