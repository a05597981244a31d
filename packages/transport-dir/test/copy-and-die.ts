import { copyImage } from "@drayage/core";
import { inMemory, randomImage } from "@drayage/testkit";

import { directory } from "../src/index.ts";

/** Copies an image that is generated from a seed, and kills itself at the event of this number, if there is one. Sends `waiting` when it waits for a lock. */
const [seed = "", to = "", moment] = process.argv.slice(2);

let now = 0;
await copyImage(await inMemory(await randomImage(seed)), directory().parseReference(to), {
  onNotice: ({ kind }) => void (kind === "lock" && process.send?.("waiting")),
  onEvent() {
    if (String(now++) === moment) process.kill(process.pid, "SIGKILL");
  },
});
process.send?.(now);
