import { copyImage, hexOf } from "@drayage/core";
import { recordDisk, scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

test.skipIf(process.platform !== "linux")(
  "what index.json names is on the disk before it, and the names of both are before the copy ends",
  async () => {
    const folder = await scratchFolder();
    const image = await randomImage("durable");
    const log = await recordDisk(folder);
    await copyImage(await inMemory(image), ociLayout().parseReference(`${folder}/layout:v1`));
    const at = (step: string): number => {
      expect(log).toContain(step);
      return log.lastIndexOf(step);
    };
    const blobs = [...image.blobs.keys(), image.manifest.digest].map(
      (digest) => `rename layout/blobs/sha256/${hexOf(digest)}`,
    );
    const index = at("rename layout/index.json");
    const names = at("sync layout/blobs/sha256");
    for (const blob of blobs) expect(at(blob)).toBeLessThan(names);
    expect(names).toBeLessThan(index);
    expect(at("sync layout")).toBeGreaterThan(index);
    // Each file that gets a name was written out before: blobs, manifest, index.json and oci-layout.
    const written = log.filter((step) => step.startsWith("sync layout/.drayage-"));
    expect(written).toHaveLength(blobs.length + 2);
    const lastWritten = log.findLastIndex((step) => step.startsWith("sync layout/.drayage-"));
    expect(lastWritten).toBeLessThan(index);
  },
);
