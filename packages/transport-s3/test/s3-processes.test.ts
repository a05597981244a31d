import path from "node:path";

import { ended, startProgram } from "@drayage/test-support";
import { assertImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { startBucket } from "./bucket.ts";
import { destinationOf, imageOf } from "./seeded-copies.ts";

const partSize = 1 << 20;
const program = path.join(import.meta.dirname, "copy-seeded.ts");

test.each([true, false])(
  "concurrent processes that copy into one prefix lose no images; conditions honoured: %s",
  async (conditionalWrites) => {
    await using server = await startBucket({ minPartSize: partSize });
    const settings = { ...server.access, conditionalWrites };
    const tags = ["v0", "v1", "v2", "v3"];
    const copyOf = (seed: string) => ({ seed, partSize, compressesLayers: false });
    const copies = tags.map((tag) => {
      const words = [copyOf(tag), settings].map((one) => JSON.stringify(one));
      return startProgram(program, ...words, `//bucket/a:${tag}`);
    });
    expect(await Promise.all(copies.map(ended))).toEqual([0, 0, 0, 0]);
    for (const tag of tags) {
      const reference = destinationOf(copyOf(tag), settings, `//bucket/a:${tag}`);
      await assertImage(reference, await imageOf(copyOf(tag)));
    }
  },
);
