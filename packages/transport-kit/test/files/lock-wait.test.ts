import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { LockHolder } from "../../src/files/lock-holder.ts";
import { LockWait } from "../../src/files/lock-wait.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const minutes = 60_000;
const holderWith = (id: string): LockHolder => ({
  id,
  process: undefined,
  hostName: undefined,
  touched: 0,
  uid: process.getuid?.() ?? 0,
  since: 0,
});

test("a wait for one holder takes ten minutes at most", async () => {
  const wait = new LockWait("/scratch/lock", {});
  await wait.check(holderWith("a"));
  vi.advanceTimersByTime(10 * minutes);
  await wait.check(holderWith("a"));
  vi.advanceTimersByTime(1);
  await expect(wait.check(holderWith("a"))).rejects.toMatchObject({
    code: "conflict",
    retryable: true,
  });
});

test("each new holder restarts the ten minutes", async () => {
  const wait = new LockWait("/scratch/lock", {});
  await wait.check(holderWith("a"));
  for (const id of ["b", "c", "d"]) {
    vi.advanceTimersByTime(9 * minutes);
    await wait.check(holderWith(id));
  }
  vi.advanceTimersByTime(10 * minutes);
  await wait.check(holderWith("d"));
  vi.advanceTimersByTime(1);
  await expect(wait.check(holderWith("d"))).rejects.toMatchObject({
    message: expect.stringContaining(`not released within ${37 * 60} s`) as string,
  });
});
