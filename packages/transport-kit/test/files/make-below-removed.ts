import { rmdir } from "node:fs/promises";

import { makeFolder } from "@drayage/transport-kit/files";

/** Removes the working folder, creates a folder in it, and sends the error code to the parent process. */
const [folder = ""] = process.argv.slice(2);

process.chdir(folder);
await rmdir(folder);
try {
  await makeFolder("/proc/self/cwd/below/deep");
} catch (error) {
  process.send?.((error as { code?: unknown }).code);
}
