import { expect, test } from "vitest";

import { copyImage } from "../../src/copy/copy-image.ts";
import { memory } from "../../src/memory/index.ts";
import { altered } from "../altered-reference.ts";
import { sampleImage, sampleIndex, write } from "../sample-images.ts";

/** Counts the calls for each digest. */
function counter(): {
  readonly add: (digest: string | undefined) => void;
  readonly counts: Map<string, number>;
} {
  const counts = new Map<string, number>();
  return {
    counts,
    add: (digest = "unknown") => {
      counts.set(digest, (counts.get(digest) ?? 0) + 1);
    },
  };
}

test("an index of 20 platforms with shared layers reads and writes each blob and manifest once", async () => {
  const images = Array.from({ length: 20 }, (_, at) =>
    sampleImage({
      layers: ["base", "tools", `layer ${at % 4}`, "base"],
      platform: { os: "linux", architecture: `cpu${at}` },
    }),
  );
  const index = sampleIndex(images);
  const source = memory().parseReference("source");
  await write(index, source);
  const [read, written, manifests] = [counter(), counter(), counter()];
  const from = altered(source, {
    source: (real) => ({
      getBlob: (blob, options) => {
        read.add(blob.digest);
        return real.getBlob(blob, options);
      },
      getManifest: async (instance, options) => {
        manifests.add(instance);
        return real.getManifest(instance, options);
      },
    }),
  });
  const to = altered(memory().parseReference("destination"), {
    destination: (real) => ({
      putBlob: async (bytes, blob, options) => {
        const stored = await real.putBlob(bytes, blob, options);
        written.add(stored.digest);
        return stored;
      },
    }),
  });
  const { digest } = await copyImage(from, to, { instances: "all" });
  expect(digest).toBe(index.manifest.digest);
  // 20 configs, 2 layers of all images and 4 of five images each.
  const once = new Map(images.flatMap(({ blobs }) => [...blobs.keys()]).map((blob) => [blob, 1]));
  expect(once.size).toBe(26);
  expect(read.counts).toEqual(once);
  expect(written.counts).toEqual(once);
  expect(manifests.counts.size).toBe(21);
  expect(new Set(manifests.counts.values())).toEqual(new Set([1]));
});
