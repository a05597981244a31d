import { copyImage } from "@drayage/core";
import { inMemory, randomImage } from "@drayage/testkit";

import { ociLayout } from "../src/index.ts";

/** Copies images with many seeds under few names, and prints each, until it is killed. */
const [layout = "", start = ""] = process.argv.slice(2);

for (let round = Number(start); ; round++) {
  const from = await inMemory(await randomImage(`round ${round}`, { layerSize: 200_000 }));
  await copyImage(from, ociLayout().parseReference(`${layout}:v${round % 3}`));
  process.send?.(round);
}
