import { copyImage } from "@drayage/core";
import { inMemory, randomImage } from "@drayage/testkit";
import type { S3Server } from "@drayage/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";

import { Bucket } from "../src/bucket.ts";
import { Connection } from "../src/connection.ts";
import { LayoutLock } from "../src/layout-lock.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

const folder = "a/_drayage/lock";
const minute = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

async function lockIn(server: S3Server): Promise<LayoutLock> {
  return LayoutLock.take(new Bucket("bucket", new Connection(server.access)), folder, {});
}

/** Milliseconds for this process; the clock of the store goes on as it does. */
function pass(milliseconds: number): void {
  vi.advanceTimersByTime(milliseconds);
}

describe("a lock that was not refreshed", () => {
  test("is held for half of the time after which others take it, and not longer", async () => {
    await using server = await startBucket();
    vi.useFakeTimers({ toFake: ["performance"] });
    await using lock = await lockIn(server);
    pass(minute / 2 - 1000);
    expect(() => lock.check()).not.toThrow();
    pass(1000);
    expect(() => lock.check()).toThrow(
      expect.objectContaining({ code: "conflict", retryable: true }),
    );
  });

  test.each([
    ["writes nothing", minute / 2, "conflict"],
    ["writes while others still wait", minute / 2 - 1000, undefined],
  ])("%s", async (_, milliseconds, code) => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const isLocked = (): boolean => server.bucket().keys(folder).length > 0;
    await using server: S3Server = await startBucket({
      watch: ({ operation, key }, moment) => {
        const isRead = operation === "GetObject" && key === "a/index.json";
        if (isRead && moment === "arrived" && isLocked()) pass(milliseconds);
      },
    });
    const image = await inMemory(await randomImage("locked", { layers: 1 }));
    const to = transportTo(server, { conditionalWrites: false }).parseReference("//bucket/a:1");
    const outcome = await copyImage(image, to).then(
      () => undefined,
      (error: unknown) => (error as { readonly code?: string }).code,
    );
    expect(outcome).toBe(code);
    expect(server.bucket().keys().includes("a/index.json")).toBe(code === undefined);
    expect(isLocked()).toBe(false);
  });
});

test("a lock is refreshed while it is held", async () => {
  await using server = await startBucket();
  vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] });
  await using lock = await lockIn(server);
  const puts = (): number => countOf(server.requests, "PutObject");
  const before = puts();
  for (let turn = 1; turn <= 4; turn++) {
    pass(minute / 4);
    await vi.waitUntil(() => puts() === before + turn);
    lock.check();
  }
});
