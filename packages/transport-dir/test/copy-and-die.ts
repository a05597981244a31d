import { copyImage } from "@drayage/core";
import { inMemory, randomImage } from "@drayage/testkit";

import { directory } from "../src/index.ts";

/** Copies an image, made of a seed, and is killed at an event of the copy: that of this number; at none without one. Sends `waiting` where it waits for a lock. */
const [seed = "", to = "", moment] = process.argv.slice(2);

let now = 0;
await copyImage(await inMemory(await randomImage(seed)), directory().parseReference(to), {
  onNotice: ({ kind }) => void (kind === "lock" && process.send?.("waiting")),
  onEvent() {
    if (String(now++) === moment) process.kill(process.pid, "SIGKILL");
  },
});
process.send?.(now);
