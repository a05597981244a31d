import { rmdir } from "node:fs/promises";

import { isImageError } from "@drayage/core";
import { explicitPathOf } from "@drayage/transport-kit/files";

/** Removes the working folder, and sends an absolute path and the error message for a relative one. */
const [folder = ""] = process.argv.slice(2);

process.chdir(folder);
await rmdir(folder);
try {
  explicitPathOf("image");
} catch (error) {
  process.send?.([explicitPathOf("/image"), isImageError(error) ? error.message : String(error)]);
}
