import { utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

import { describeHolder, HolderWatch, holderOf, newHolder } from "../../src/files/lock-holder.ts";
import type { LockHolder } from "../../src/files/lock-holder.ts";
import { thisProcess } from "../../src/files/process-identity.ts";

afterEach(() => void vi.useRealTimers());

async function written(content: string): Promise<LockHolder | undefined> {
  const lock = path.join(await scratchFolder(), "lock");
  await writeFile(lock, content);
  await utimes(lock, 5, 5);
  return holderOf(lock);
}

test("a lock contains its holder, and has a time and an owner", async () => {
  const { id, content } = newHolder();
  const holder = await written(content);
  expect(holder).toMatchObject({ id, process: thisProcess, touched: 5000 });
  expect(holder).toMatchObject({ uid: process.getuid?.() });
  expect(id).not.toBe(newHolder().id);
  expect(await holderOf(path.join(await scratchFolder(), "missing"))).toBeUndefined();
});

const word = (max: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^\\w{1,${max}}$`));

test("the content that a holder writes is read", async () => {
  const host = fc.option(fc.stringMatching(/^[\w.-]{1,128}$/), { nil: undefined });
  const pid = fc.nat({ max: 9_999_999_999 });
  const check = fc.asyncProperty(word(64), pid, word(64), host, async (one, number, id, name) => {
    const holder = await written(
      `${one} ${number} ${id}\n${name === undefined ? "" : `${name}\n`}`,
    );
    expect(holder).toMatchObject({ id, process: { host: one, pid: number } });
    expect(holder?.hostName).toBe(name);
  });
  await fc.assert(check, { numRuns: 40 });
});

test.each([
  ["", "nothing"],
  [" 00000000 17 a0\n", "a space before the rest"],
  ["xx 00000000 17 a0\n", "a word before the rest"],
  [`${"x".repeat(65)} 17 a0\n`, "a host that is too long"],
  ["00000000 1x7 a0\n", "a process that is no number"],
  ["00000000 12345678901 a0\n", "a process with too many digits"],
  [`00000000 17 ${"x".repeat(65)}\n`, "a number that is too long"],
  ["00000000 17 a-0\n", "a number with other characters"],
  ["00000000 17 a0", "no end of the line"],
])("%j, %s, is ignored", async (content) => {
  expect(await written(content)).toMatchObject({ id: "", process: undefined, hostName: undefined });
});

test("an invalid host name is omitted", async () => {
  for (const name of ["a b", "a\u001B[1m", "x".repeat(129), ""]) {
    const holder = await written(`00000000 17 a0\n${name}\n`);
    expect([holder?.id, holder?.hostName]).toEqual(["a0", undefined]);
  }
});

const onOtherHost: LockHolder = {
  id: "a0",
  process: { host: "0a1b2c3d", pid: 17 },
  hostName: undefined,
  touched: 1,
  uid: 4_000_000,
  since: 0,
};

test("a holder is described by its known user, process, host and time", async () => {
  const texts = [
    onOtherHost,
    { ...onOtherHost, hostName: "build-7" },
    { ...onOtherHost, process: undefined, since: 1 },
    { ...onOtherHost, process: thisProcess, hostName: "build-7" },
  ].map(describeHolder);
  expect(await Promise.all(texts)).toEqual([
    "uid 4000000, process 17 on host 0a1b2c3d",
    "uid 4000000, process 17 on host build-7",
    "uid 4000000, an unknown process, since 1970-01-01T00:00:00.001Z",
    `uid 4000000, process ${thisProcess.pid} on this host`,
  ]);
});

test("a holder is gone after a minute without a touch", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const watch = new HolderWatch();
  for (let touched = 0; touched < 10; touched++) {
    expect(watch.isGone({ ...onOtherHost, touched })).toBe(false);
    vi.advanceTimersByTime(59_000);
  }
  expect(watch.isGone({ ...onOtherHost, id: "a1", touched: 9 })).toBe(false);
  vi.advanceTimersByTime(60_000);
  expect(watch.isGone({ ...onOtherHost, id: "a1", touched: 9 })).toBe(false);
  vi.advanceTimersByTime(1);
  expect(watch.isGone({ ...onOtherHost, id: "a1", touched: 9 })).toBe(true);
});

test("an ended process of this host is gone at once, a running one or one of another host is not", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const watch = new HolderWatch();
  const ended = { ...thisProcess, pid: 2_147_483_647 };
  expect(watch.isGone({ ...onOtherHost, process: ended })).toBe(true);
  expect(watch.isGone({ ...onOtherHost, process: { ...ended, host: "00000000" } })).toBe(false);
  expect(watch.isGone({ ...onOtherHost, process: thisProcess })).toBe(false);
});
