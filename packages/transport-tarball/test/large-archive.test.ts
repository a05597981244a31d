import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import path from "node:path";

import {
  isTorture,
  nextMessage,
  scratchFolder,
  startProgram,
  tarFile,
  tarMember,
} from "@drayage/test-support";
import { expect, test, vi } from "vitest";

const archiveSize = isTorture ? 1_400_000_000 : 450_000_000;
const layerSize = archiveSize - (archiveSize % 512);

/** An image with one layer of zeros, stored as a sparse file. */
async function largeArchive(): Promise<string> {
  const hash = createHash("sha256");
  const zeros = Buffer.alloc(1 << 20);
  for (let left = layerSize; left > 0; left -= zeros.byteLength)
    hash.update(zeros.subarray(0, left));
  const start = Buffer.concat(
    [
      {
        name: "manifest.json",
        content: JSON.stringify([{ Config: "c.json", Layers: ["layer.tar"] }]),
      },
      {
        name: "c.json",
        content: JSON.stringify({ rootfs: { diff_ids: [`sha256:${hash.digest("hex")}`] } }),
      },
      { name: "layer.tar", size: layerSize },
    ].map(tarMember),
  );
  const file = path.join(await scratchFolder(), "large.tar");
  await using handle = await open(file, "w");
  await handle.write(start);
  await handle.write(tarFile([]), 0, 1024, start.byteLength + layerSize);
  return file;
}

test("a large archive is read with less than 200 MB of memory and no temporary file", async () => {
  const archive = await largeArchive();
  const temporary = vi.stubEnv("TMPDIR", path.join(import.meta.filename, "no folder"));
  const child = startProgram(path.join(import.meta.dirname, "read-archive.ts"), archive);
  expect(await nextMessage(child)).toBeLessThan(200e6);
  temporary.unstubAllEnvs();
});
