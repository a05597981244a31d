import { rmdir } from "node:fs/promises";

import { makeFolder } from "@drayage/transport-kit/files";

/** Removes the folder that this process works in, makes one below it, and sends the code of the error. */
const [folder = ""] = process.argv.slice(2);

process.chdir(folder);
await rmdir(folder);
try {
  await makeFolder("/proc/self/cwd/below/deep");
} catch (error) {
  process.send?.((error as { code?: unknown }).code);
}
