import { copyImage, hexOf } from "@drayage/core";
import { recordDisk, scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

test.skipIf(process.platform !== "linux")(
  "blobs are on disk before index.json, and both are in their folders before the copy ends",
  async () => {
    const folder = await scratchFolder();
    const image = await randomImage("durable");
    const log = await recordDisk(folder);
    await copyImage(await inMemory(image), ociLayout().parseReference(`${folder}/layout:v1`));
    const positionOf = (step: string): number => {
      expect(log).toContain(step);
      return log.lastIndexOf(step);
    };
    const blobs = [...image.blobs.keys(), image.manifest.digest].map(
      (digest) => `rename layout/blobs/sha256/${hexOf(digest)}`,
    );
    const index = positionOf("rename layout/index.json");
    const names = positionOf("sync layout/blobs/sha256");
    for (const blob of blobs) expect(positionOf(blob)).toBeLessThan(names);
    expect(names).toBeLessThan(index);
    expect(positionOf("sync layout")).toBeGreaterThan(index);
    // Each file is synced before its rename: blobs, manifest, index.json and oci-layout.
    const written = log.filter((step) => step.startsWith("sync layout/.drayage-"));
    expect(written).toHaveLength(blobs.length + 2);
    const lastWritten = log.findLastIndex((step) => step.startsWith("sync layout/.drayage-"));
    expect(lastWritten).toBeLessThan(index);
  },
);
