import { copyImage } from "@drayage/core";
import { inMemory, randomImage } from "@drayage/testkit";

import { directory } from "../src/index.ts";

/** Copies an image, made of a seed, and is killed at an event of the copy: that of this number; at none without one. */
const [seed = "", to = "", moment] = process.argv.slice(2);

let now = 0;
await copyImage(await inMemory(await randomImage(seed)), directory().parseReference(to), {
  onEvent() {
    if (String(now++) === moment) process.kill(process.pid, "SIGKILL");
  },
});
process.send?.(now);
