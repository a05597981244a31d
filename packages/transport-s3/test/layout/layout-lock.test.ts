import { copyImage } from "@drayage/core";
import type { S3Server } from "@drayage/mock-servers";
import { inMemory, randomImage } from "@drayage/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";

import { Bucket } from "../../src/client/bucket.ts";
import { Connection } from "../../src/client/connection.ts";
import { LayoutLock } from "../../src/layout/layout-lock.ts";
import { countOf, startBucket, transportTo } from "../bucket.ts";

const folder = "a/_drayage/lock";
const minute = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

async function lockIn(server: S3Server): Promise<LayoutLock> {
  return LayoutLock.acquire(new Bucket("bucket", new Connection(server.access)), folder, {});
}

/** Advances the clocks of this process and of the store. */
function pass(milliseconds: number): void {
  vi.advanceTimersByTime(milliseconds);
}

describe("a lock that was not refreshed", () => {
  test("is held for half of the expiry time", async () => {
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
    ["cannot be used to write", minute / 2, "conflict"],
    ["can be used while other writers still wait", minute / 2 - 1000, undefined],
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

describe("other writers at the same lock", () => {
  const listings = (server: S3Server): number => countOf(server.requests, "ListObjectsV2");

  /** Acquires a lock, and reports whether it is held yet. */
  function taking(
    server: S3Server,
    signal?: AbortSignal,
  ): { readonly lock: Promise<LayoutLock>; readonly isHeld: () => boolean } {
    let isHeld = false;
    const bucket = new Bucket("bucket", new Connection(server.access));
    const lock = LayoutLock.acquire(bucket, folder, { signal });
    lock.then(
      () => (isHeld = true),
      () => {},
    );
    return { lock, isHeld: () => isHeld };
  }

  test("are waited for while they hold the lock", async () => {
    await using server = await startBucket();
    const first = await lockIn(server);
    const { lock, isHeld } = taking(server);
    await vi.waitUntil(() => listings(server) >= 5, { timeout: 10_000 });
    expect(isHeld()).toBe(false);
    await first[Symbol.asyncDispose]();
    await (await lock)[Symbol.asyncDispose]();
    expect(server.bucket().keys()).toEqual([]);
  });

  test.each([
    ["one with a recent refresh", "someone.1", 50],
    ["one that is choosing its number", "someone.0", 50],
  ])("are waited for, as %s, and keep their claims", async (_, claim, seconds) => {
    await using server = await startBucket();
    const lastModified = new Date(Date.now() - seconds * 1000);
    await server.bucket().put(`${folder}/${claim}`, "", { lastModified });
    const user = new AbortController();
    const { lock, isHeld } = taking(server, user.signal);
    await vi.waitUntil(() => listings(server) >= 3, { timeout: 10_000 });
    expect(isHeld()).toBe(false);
    user.abort(new Error("aborted by the test"));
    await expect(lock).rejects.toThrow("aborted by the test");
    expect(server.bucket().keys()).toEqual([`${folder}/${claim}`]);
  });

  test("are ignored after a minute without a refresh", async () => {
    await using server = await startBucket();
    const lastModified = new Date(Date.now() - minute - 10_000);
    for (const claim of ["someone.1", "other.0"])
      await server.bucket().put(`${folder}/${claim}`, "", { lastModified });
    await using lock = await lockIn(server);
    expect(server.bucket().keys()).toHaveLength(1);
    lock.check();
  });

  test("get a larger number if they come later; other objects are ignored", async () => {
    await using server = await startBucket();
    await server.bucket().put(`${folder}/readme`, "");
    await using lock = await lockIn(server);
    lock.check();
    const { isHeld, lock: next } = taking(server);
    await vi.waitUntil(() =>
      server
        .bucket()
        .keys(folder)
        .some((key) => key.endsWith(".2")),
    );
    expect(isHeld()).toBe(false);
    await lock[Symbol.asyncDispose]();
    await (await next)[Symbol.asyncDispose]();
  });

  test("may delete the claim of a writer that they consider gone, which then fails", async () => {
    await using server = await startBucket();
    await using held = await lockIn(server);
    held.check();
    const { lock } = taking(server);
    const own = (): string | undefined =>
      server
        .bucket()
        .keys(folder)
        .find((key) => key.endsWith(".2"));
    await vi.waitUntil(() => own() !== undefined);
    server.bucket().delete(own() ?? "");
    await expect(lock).rejects.toMatchObject({ code: "conflict", retryable: true });
  });

  test("are limited in number", async () => {
    await using server = await startBucket();
    const put = async (index: number): Promise<void> =>
      server.bucket().put(`${folder}/o.${index + 1}`, "");
    await Promise.all(Array.from({ length: 10_001 }, async (_, index) => put(index)));
    await expect(taking(server).lock).rejects.toMatchObject({ code: "conflict", retryable: false });
  });
});
