import { copyImage } from "@drayage/core";
import { inMemory, randomImage } from "@drayage/testkit";

import { s3 } from "../src/index.ts";
import type { S3Settings } from "../src/index.ts";

/** Copies an image, made of a seed, and is killed at an event of the copy: that of this number or kind; at none without one. */
const [settings = "{}", seed = "", to = "", moment] = process.argv.slice(2);

let now = 0;
const image = await inMemory(await randomImage(seed, { layerSize: 6 << 20 }));
await copyImage(image, s3(JSON.parse(settings) as S3Settings).parseReference(to), {
  onEvent({ kind }) {
    if (String(now++) === moment || kind === moment) process.kill(process.pid, "SIGKILL");
  },
});
