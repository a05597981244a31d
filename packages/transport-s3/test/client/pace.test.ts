import { setImmediate as turn } from "node:timers/promises";

import { expect, test } from "vitest";

import { Pace } from "../../src/client/pace.ts";

/** Begins so many; how many of them are under way. */
function begun(pace: Pace, count: number): { readonly count: () => Promise<number> } {
  let underWay = 0;
  for (let one = 0; one < count; one++) void pace.begin().then(() => underWay++);
  return {
    async count() {
      await turn();
      return underWay;
    },
  };
}

function times(count: number, work: () => void): void {
  for (let one = 0; one < count; one++) work();
}

test("half as many go to a store that said it is busy, and none before it had its rest", async () => {
  const pace = new Pace();
  const first = begun(pace, 40);
  expect(await first.count()).toBe(40);
  const rest = Promise.withResolvers<boolean>();
  times(40, () => {
    pace.slowDown(rest.promise);
    pace.end();
  });
  const second = begun(pace, 40);
  expect(await second.count()).toBe(0);
  rest.resolve(true);
  expect(await second.count()).toBe(20);
  times(10, () => pace.end());
  expect(await second.count()).toBe(30);
});

test("a store that answers is asked more and more again", async () => {
  const pace = new Pace();
  await begun(pace, 4).count();
  pace.slowDown(Promise.resolve());
  times(4, () => pace.end());
  times(100, () => pace.quicken());
  expect(await begun(pace, 40).count()).toBe(14);
});

test("one at least goes on, also where the rest ended badly", async () => {
  const pace = new Pace();
  await pace.begin();
  const rest = Promise.withResolvers<boolean>();
  pace.slowDown(rest.promise);
  pace.end();
  rest.reject(new Error("nobody tries again"));
  expect(await begun(pace, 5).count()).toBe(1);
});

test("an abort ends the waiting, its reason untouched", async () => {
  const pace = new Pace();
  pace.slowDown(new Promise(() => {}));
  const controller = new AbortController();
  const waiting = pace.begin(controller.signal);
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
