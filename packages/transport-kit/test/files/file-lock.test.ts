import { execFileSync } from "node:child_process";
import {
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import path from "node:path";

import type { Notice, OperationOptions } from "@drayage/core";
import { ended, nextMessage, scratchFolder } from "@drayage/test-support";
import { withLock } from "@drayage/transport-kit/files";
import { afterEach, describe, expect, test, vi } from "vitest";

import { startProgram } from "./programs.ts";

afterEach(() => void vi.useRealTimers());

test("operations under one lock run one at a time", async () => {
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

test("the lock is removed after the operation, also after a failure, and its result is returned", async () => {
  const folder = await scratchFolder();
  const lock = path.join(folder, "lock");
  const failure = new Error("no");
  expect(await withLock(lock, async () => readdir(folder))).toEqual(["lock"]);
  await expect(withLock(lock, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(await readdir(folder)).toEqual([]);
});

test("an aborted signal takes no lock", async () => {
  const folder = await scratchFolder();
  const reason = new Error("never");
  const taken = withLock(path.join(folder, "lock"), async () => "never", {
    signal: AbortSignal.abort(reason),
  });
  await expect(taken).rejects.toBe(reason);
});

/** Waits for pending disk operations, then advances the timers by one second. */
async function nextSecond(lock: string): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await stat(lock).catch(() => {});
  await vi.advanceTimersByTimeAsync(1000);
}

/** Advances seconds until the condition is true, at most 15 minutes. */
async function secondsUntil(condition: () => boolean, lock: string): Promise<void> {
  for (let second = 0; second < 900 && !condition(); second++) await nextSecond(lock);
  expect(condition()).toBe(true);
}

test.each([
  ["another host", `00000000 ${process.pid} 0123456789abcdef\n`],
  ["an unknown holder", ""],
])("the lock of %s is taken over after a minute without a touch", async (_, content) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const lock = path.join(await scratchFolder(), "lock");
  await writeFile(lock, content);
  const start = performance.now();
  let isTaken = false;
  const taken = withLock(lock, async () => void (isTaken = true));
  await secondsUntil(() => isTaken, lock);
  await taken;
  expect(performance.now() - start).toBeGreaterThan(60_000);
});

test("the lock of another host is respected while it is touched", async () => {
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

const heldByOtherHost = "00000000 17 0123456789abcdef\nbuild-7\n";

/** Waits for a lock that its holder touches every second, until the operation ends. */
async function touchedUntilSettled(lock: string, options: OperationOptions = {}): Promise<unknown> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  let outcome: unknown;
  void withLock(lock, async () => {}, options).then(
    () => (outcome = "taken"),
    (error: unknown) => (outcome = error),
  );
  for (let second = 0; outcome === undefined && second < 900; second++) {
    await utimes(lock, second, second);
    await nextSecond(lock);
  }
  return outcome;
}

const isRoot = process.getuid?.() === 0;
const otherUser = 65_534;

describe("a wait for a lock", () => {
  test("is reported after two seconds with the process, its host and the start time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const lock = path.join(await scratchFolder(), "lock");
    await writeFile(lock, heldByOtherHost);
    const notices: Notice[] = [];
    const controller = new AbortController();
    const waiting = withLock(lock, async () => {}, {
      signal: controller.signal,
      onNotice: (notice) => void notices.push(notice),
    });
    const outcome = waiting.catch((error: unknown) => error);
    for (let second = 0; second < 5; second++) await nextSecond(lock);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    expect(notices).toHaveLength(1);
    const [notice] = notices;
    expect(notice).toMatchObject({ kind: "lock", text: expect.stringContaining(lock) as string });
    expect(notice).toMatchObject({ text: expect.stringContaining("uid ") as string });
    expect(notice).toMatchObject({
      text: expect.stringContaining("process 17 on host build-7") as string,
    });
  });

  test("is not reported if it is short", async () => {
    const lock = path.join(await scratchFolder(), "lock");
    const notices: Notice[] = [];
    const onNotice = (notice: Notice): void => void notices.push(notice);
    await Promise.all([1, 2, 3].map(() => withLock(lock, async () => {}, { onNotice })));
    expect(notices).toEqual([]);
  });

  test("ends after ten minutes for a running process of this user", async () => {
    const lock = path.join(await scratchFolder(), "lock");
    await writeFile(lock, heldByOtherHost);
    const error = await touchedUntilSettled(lock);
    expect(error).toMatchObject({ code: "conflict", retryable: true });
    expect((error as Error).message).toContain("process 17 on host build-7");
    expect(performance.now()).toBeGreaterThan(600_000);
    expect(await readFile(lock, "utf8")).toBe(heldByOtherHost);
  });

  test.skipIf(!isRoot)(
    "ends after a minute for another user, even if the lock is touched",
    async () => {
      const lock = path.join(await scratchFolder(), "lock");
      await writeFile(lock, "deadbeef 1 00\n");
      await chown(lock, otherUser, otherUser);
      const error = await touchedUntilSettled(lock);
      expect(error).toMatchObject({ code: "conflict", retryable: true });
      expect((error as Error).message).toMatch(/uid 65534.*process 1 /);
      expect(performance.now()).toBeLessThan(75_000);
    },
  );

  test.skipIf(!isRoot)(
    "ends after a minute for another user, even if the lock is new each time",
    async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      const lock = path.join(await scratchFolder(), "lock");
      let outcome: unknown;
      let number = 0;
      const renew = async (): Promise<void> => {
        await writeFile(`${lock}.new`, `00000000 1 ${(number++).toString(16)}\n`);
        await chown(`${lock}.new`, otherUser, otherUser);
        await rename(`${lock}.new`, lock);
      };
      await renew();
      void withLock(lock, async () => {}).catch((error: unknown) => (outcome = error));
      for (let second = 0; outcome === undefined && second < 900; second++) {
        await renew();
        await nextSecond(lock);
      }
      expect(outcome).toMatchObject({ code: "conflict" });
      expect(performance.now()).toBeLessThan(75_000);
    },
  );
});

describe("another kind of file under the name of a lock", () => {
  const kinds: Readonly<Record<string, (lock: string) => Promise<unknown>>> = {
    "a named pipe": async (lock) => execFileSync("mkfifo", [lock]),
    "a symbolic link": (lock) => symlink("/dev/zero", lock),
    "a link to a file": (lock) => symlink(import.meta.filename, lock),
    "a folder": (lock) => mkdir(lock),
  };

  test.each(Object.keys(kinds))("%s, is a conflict at once and stays", async (kind) => {
    const folder = await scratchFolder();
    await kinds[kind]?.(path.join(folder, "lock"));
    const taken = withLock(path.join(folder, "lock"), async () => {});
    await expect(taken).rejects.toMatchObject({ code: "conflict" });
    expect(await readdir(folder)).toEqual(["lock"]);
  });

  test("a file of a terabyte is not read, and taken over without a touch", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const lock = path.join(await scratchFolder(), "lock");
    await writeFile(lock, "");
    await truncate(lock, 2 ** 40);
    let isTaken = false;
    const taken = withLock(lock, async () => void (isTaken = true));
    await secondsUntil(() => isTaken, lock);
    await taken;
  });
});

test("of two waits for the lock of an ended process, the second does not remove the lock of the first", async () => {
  const folder = await scratchFolder();
  const lock = path.join(folder, "lock");
  const process = startProgram("hold-lock.ts", lock);
  await nextMessage(process);
  process.kill("SIGKILL");
  await ended(process);
  const [, , id = ""] = (await readFile(lock, "utf8")).split(/[ \n]/);
  // The first has the removal lock, and the second waits for it.
  const removalLock = `${lock}-${id}`;
  await writeFile(removalLock, heldByOtherHost);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const controller = new AbortController();
  let isWaiting = false;
  let isTaken = false;
  const second = withLock(lock, async () => void (isTaken = true), {
    signal: controller.signal,
    onNotice: () => void (isWaiting = true),
  });
  const outcome = second.catch((error: unknown) => error);
  await secondsUntil(() => isWaiting, lock);
  // The first removes the lock, takes it, and releases the removal lock.
  const lockOfFirst = "00000000 18 fedcba9876543210\n";
  await writeFile(`${lock}.first`, lockOfFirst);
  await rename(`${lock}.first`, lock);
  await rm(removalLock);
  for (let turn = 0; turn < 5; turn++) await nextSecond(lock);
  expect(isTaken).toBe(false);
  expect(await readFile(lock, "utf8")).toBe(lockOfFirst);
  const reason = new Error("enough");
  controller.abort(reason);
  expect(await outcome).toBe(reason);
});
