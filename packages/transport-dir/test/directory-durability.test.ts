import { copyImage, hexOf } from "@drayage/core";
import { recordDisk, scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { directory } from "../src/index.ts";

test.skipIf(process.platform !== "linux")(
  "blobs are on disk before manifest.json, and both are in the folder before the copy ends",
  async () => {
    const folder = await scratchFolder();
    const image = await randomImage("durable");
    const log = await recordDisk(folder);
    await copyImage(await inMemory(image), directory().parseReference(`${folder}/image`));
    const manifest = log.indexOf("rename image/manifest.json");
    expect(manifest).toBeGreaterThan(-1);
    const blobs = [...image.blobs.keys()].map((digest) =>
      log.indexOf(`rename image/${hexOf(digest)}`),
    );
    for (const blob of blobs) expect(blob).toBeGreaterThan(-1);
    const names = log.findIndex((step, at) => step === "sync image" && at > Math.max(...blobs));
    expect(names).toBeGreaterThan(-1);
    expect(names).toBeLessThan(manifest);
    expect(log.lastIndexOf("sync image")).toBeGreaterThan(manifest);
    const written = log.filter((step) => step.startsWith("sync image/.drayage-"));
    // The blobs, manifest.json and version.
    expect(written).toHaveLength(blobs.length + 2);
    expect(log.findLastIndex((step) => step.startsWith("sync image/.drayage-"))).toBeLessThan(
      manifest,
    );
  },
);
