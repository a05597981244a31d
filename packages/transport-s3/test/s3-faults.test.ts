import { copyImage, Retries } from "@drayage/core";
import { isTorture, scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomIndex } from "@drayage/testkit";
import { expect, test } from "vitest";

import { startBucket, transportTo } from "./bucket.ts";

const partSize = 5 << 20;
const index = await randomIndex("faults", {
  platforms: [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ],
  layers: 1,
  layerSize: 6 << 20,
});

/** Without changed bits: TLS detects those. */
const kinds = ["error", "late-error", "cut", "reset", "stall"] as const;

test.each(Array.from({ length: isTorture ? 10 : 5 }, (_, seed) => seed))(
  "a copy with faults of the store is complete, seed %i",
  async (seed) => {
    await using server = await startBucket({ faults: { seed, rate: 0.15, kinds } });
    const retries = (): Retries =>
      new Retries({ initialDelay: 1, maxTotalRetries: 1000, maxAttempts: 8 });
    const settings = { partSize, idleTimeout: 300, journal: await scratchFolder() };
    const to = transportTo(server, settings).parseReference("//bucket/a:tag");
    await copyImage(await inMemory(index), to, { instances: "all", retries: retries() });
    const again = transportTo(server, settings).parseReference("//bucket/b:tag");
    await copyImage(to, again, { instances: "all", retries: retries() });
    expect(server.requests.some(({ isFaulty }) => isFaulty)).toBe(true);
    expect(server.bucket().uploads()).toEqual([]);
    await using healthy = await startBucket();
    for (const layout of ["a", "b"]) {
      for (const key of server.bucket().keys(layout)) {
        const found = await server.bucket().find(key);
        await healthy.bucket().put(key, found?.bytes ?? "");
      }
      await assertImage(transportTo(healthy).parseReference(`//bucket/${layout}:tag`), index);
    }
  },
);
