import { setImmediate as turn } from "node:timers/promises";

import { expect, test } from "vitest";

import { AdaptiveLimit } from "../../src/wire/adaptive-limit.ts";

/** Starts this many requests. Returns those with a slot, oldest first. */
function started(
  limit: AdaptiveLimit,
  count: number,
): { readonly slots: () => Promise<Disposable[]> } {
  const slots: Disposable[] = [];
  for (let one = 0; one < count; one++) void limit.acquire().then((slot) => slots.push(slot));
  return {
    async slots() {
      await turn();
      return slots;
    },
  };
}

function release(slots: readonly Disposable[]): void {
  for (const slot of slots) slot[Symbol.dispose]();
}

test("a busy server gets half as many requests, and none while the limit is held", async () => {
  const limit = new AdaptiveLimit({ max: 128, growth: 1 });
  const sentAt = performance.now();
  const first = await started(limit, 40).slots();
  expect(first).toHaveLength(40);
  const counted = first.map(() => limit.slowDown(sentAt));
  expect(counted.filter(Boolean)).toHaveLength(1);
  const hold = limit.hold();
  release(first);
  const second = started(limit, 40);
  expect(await second.slots()).toHaveLength(0);
  hold[Symbol.dispose]();
  expect(await second.slots()).toHaveLength(20);
  release((await second.slots()).slice(0, 10));
  expect(await second.slots()).toHaveLength(30);
});

test("a request that was sent after the last slowdown slows down again", async () => {
  const limit = new AdaptiveLimit({ max: 8, growth: 1 });
  const first = await started(limit, 8).slots();
  expect(limit.slowDown(performance.now())).toBe(true);
  await turn();
  expect(limit.slowDown(performance.now())).toBe(true);
  release(first);
  expect(await started(limit, 8).slots()).toHaveLength(2);
});

test("the limit grows with successful requests, up to its maximum", async () => {
  const limit = new AdaptiveLimit({ max: 16, growth: 1 });
  const first = await started(limit, 4).slots();
  limit.slowDown(performance.now());
  release(first);
  for (let one = 0; one < 100; one++) limit.succeeded();
  const second = await started(limit, 40).slots();
  expect(second).toHaveLength(14);
  for (let one = 0; one < 1000; one++) limit.succeeded();
  release(second);
  expect(await started(limit, 0).slots()).toHaveLength(0);
  expect(second).toHaveLength(14 + 16);
});

test("one request at least proceeds, however often the server was busy", async () => {
  const limit = new AdaptiveLimit({ max: 4, growth: 1 });
  for (let one = 0; one < 10; one++) limit.slowDown(performance.now());
  expect(await started(limit, 5).slots()).toHaveLength(1);
});

test("a slot that is released twice counts once", async () => {
  const limit = new AdaptiveLimit({ max: 2, growth: 1 });
  const slots = await started(limit, 4).slots();
  release([slots[0]!, slots[0]!]);
  await turn();
  expect(slots).toHaveLength(3);
});

test("an abort ends the wait with its reason, and the next request takes the slot", async () => {
  const limit = new AdaptiveLimit({ max: 1, growth: 1 });
  const slot = await limit.acquire();
  const controller = new AbortController();
  const waiting = limit.acquire(controller.signal);
  const next = started(limit, 1);
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(limit.acquire(controller.signal)).rejects.toBe(reason);
  slot[Symbol.dispose]();
  expect(await next.slots()).toHaveLength(1);
});
