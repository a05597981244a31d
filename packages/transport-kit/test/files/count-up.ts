import { readFile, writeFile } from "node:fs/promises";

import { withLock } from "@drayage/transport-kit/files";

/** Increments the number in a file several times, each time under a lock. */
const [lock = "", file = "", times = ""] = process.argv.slice(2);

for (let round = 0; round < Number(times); round++) {
  await withLock(lock, async () => {
    const number = Number(await readFile(file, "utf8"));
    await writeFile(file, String(number + 1));
  });
}
