import path from "node:path";

import { ImageError } from "../image-error.ts";
import { isPassing } from "./temporary-name.ts";

/** Does what concerns one file or folder, and says in our words what the system refuses. @throws ImageError `denied`, `unavailable` */
export async function onDisk<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, file);
  }
}

/** People know the place, not the temporary in it. */
function placeOf(file: string): string {
  const folders = file.split(path.sep);
  const temporary = folders.findIndex(isPassing);
  return temporary < 1 ? file : folders.slice(0, temporary).join(path.sep);
}

function explained(cause: unknown, file: string): unknown {
  if (hasCode(cause, "ENOSPC", "EDQUOT")) {
    const message = `The disk that holds ${placeOf(file)} is full: free some space`;
    return new ImageError("unavailable", message, { cause, retryable: false });
  }
  if (hasCode(cause, "EACCES", "EPERM", "EROFS")) {
    const message = `No right to use ${placeOf(file)}: check its owner and mode`;
    return new ImageError("denied", message, { cause });
  }
  return cause;
}

/** Whether the failure is one of these of the system, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && codes.includes(code);
}
