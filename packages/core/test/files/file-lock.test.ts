import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { withLock } from "@drayage/core/files";
import { ended, nextMessage, scratchFolder } from "@drayage/test-support";
import { afterEach, expect, test, vi } from "vitest";

import { startProgram } from "./programs.ts";

afterEach(() => void vi.useRealTimers());

test("work under one lock is done one after another", async () => {
  const lock = path.join(await scratchFolder(), "lock");
  const log: string[] = [];
  const work = (name: string) =>
    withLock(lock, async () => {
      log.push(`${name} begins`);
      await new Promise(setImmediate);
      log.push(`${name} ends`);
    });
  await Promise.all([work("a"), work("b"), work("c")]);
  const pairs = [log.slice(0, 2), log.slice(2, 4), log.slice(4, 6)];
  const expected = ["a", "b", "c"].map((name) => [`${name} begins`, `${name} ends`]);
  expect(pairs.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(expected);
});

test("a lock is gone after the work, also where that failed, and gives what the work gives", async () => {
  const folder = await scratchFolder();
  const lock = path.join(folder, "lock");
  const failure = new Error("no");
  expect(await withLock(lock, async () => readdir(folder))).toEqual(["lock"]);
  await expect(withLock(lock, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(await readdir(folder)).toEqual([]);
});

test("processes that count under a lock miss no number", async () => {
  const folder = await scratchFolder();
  const [lock, file] = [path.join(folder, "lock"), path.join(folder, "number")];
  await writeFile(file, "0");
  const children = Array.from({ length: 6 }, () => startProgram("count-up.ts", lock, file, "20"));
  expect(await Promise.all(children.map(ended))).toEqual(children.map(() => 0));
  expect(await readFile(file, "utf8")).toBe("120");
  expect(await readdir(folder)).toEqual(["number"]);
});

test("the lock of a killed process is taken over by one of many, then by the next", async () => {
  const folder = await scratchFolder();
  const [lock, file] = [path.join(folder, "lock"), path.join(folder, "number")];
  await writeFile(file, "0");
  const holder = startProgram("hold-lock.ts", lock);
  expect(await nextMessage(holder)).toBe("held");
  const children = Array.from({ length: 6 }, () => startProgram("count-up.ts", lock, file, "5"));
  holder.kill("SIGKILL");
  expect(await Promise.all(children.map(ended))).toEqual(children.map(() => 0));
  expect(await readFile(file, "utf8")).toBe("30");
  expect(await readdir(folder)).toEqual(["number"]);
});

test("whoever waits for a lock can give up, and the others still get it", async () => {
  const lock = path.join(await scratchFolder(), "lock");
  const holder = startProgram("hold-lock.ts", lock);
  await nextMessage(holder);
  const reason = new Error("enough");
  const [here, queued] = [new AbortController(), new AbortController()];
  const waiting = withLock(lock, async () => "never", { signal: here.signal });
  const behind = withLock(lock, async () => "never", { signal: queued.signal });
  const last = withLock(lock, async () => "mine");
  queued.abort(reason);
  await expect(behind).rejects.toBe(reason);
  here.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  holder.kill("SIGKILL");
  expect(await last).toBe("mine");
});

test("an aborted signal takes no lock", async () => {
  const folder = await scratchFolder();
  const reason = new Error("never");
  const taken = withLock(path.join(folder, "lock"), async () => "never", {
    signal: AbortSignal.abort(reason),
  });
  await expect(taken).rejects.toBe(reason);
});

/** Lets one second pass for the timers, and the disk do its work before. */
async function nextSecond(lock: string): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await stat(lock).catch(() => {});
  await vi.advanceTimersByTimeAsync(1000);
}

test.each([
  ["another host", `00000000 ${process.pid} 0123456789abcdef\n`],
  ["nobody who could write its name", ""],
])("the lock of %s is taken over when nothing touches it for a minute", async (_, content) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const lock = path.join(await scratchFolder(), "lock");
  await writeFile(lock, content);
  const start = performance.now();
  let isTaken = false;
  const taken = withLock(lock, async () => void (isTaken = true));
  while (!isTaken) await nextSecond(lock);
  await taken;
  expect(performance.now() - start).toBeGreaterThan(60_000);
});

test("the lock of another host is respected as long as it is touched", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const lock = path.join(await scratchFolder(), "lock");
  await writeFile(lock, "00000000 1 0123456789abcdef\n");
  const controller = new AbortController();
  let isTaken = false;
  const taken = withLock(lock, async () => void (isTaken = true), { signal: controller.signal });
  for (let second = 0; second < 300; second++) {
    await utimes(lock, second, second);
    await nextSecond(lock);
  }
  expect(isTaken).toBe(false);
  controller.abort(new Error("enough"));
  await expect(taken).rejects.toThrow("enough");
});
