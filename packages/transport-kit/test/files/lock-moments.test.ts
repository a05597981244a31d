import {
  chown,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { interceptDisk, scratchFolder, systemError } from "@drayage/test-support";
import type { DiskCall } from "@drayage/test-support";
import { thisProcess, withLock } from "@drayage/transport-kit/files";
import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Larger than any process number of Linux. */
const endedPid = 2_147_483_647;
const ofEnded = (id: string): string => `${thisProcess.host} ${endedPid} ${id}\nthis-host\n`;
const ofOtherHost = "00000000 17 0123456789abcdef\nbuild-7\n";

/** Timers stand still unless the test advances them. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

/** Lets the disk do its work. */
async function diskWork(folder: string): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await stat(folder);
}

async function nextSecond(folder: string): Promise<void> {
  await diskWork(folder);
  await vi.advanceTimersByTimeAsync(1000);
}

/** Calls `act` before each call for the file. */
function before(file: string, act: () => Promise<unknown>): (call: DiskCall) => DiskCall {
  return (call) =>
    async (target, ...rest) => {
      if (target === file) await act();
      return call(target, ...rest);
    };
}

/** By another function than the tested code calls. */
async function remove(file: string): Promise<void> {
  await unlink(file).catch(() => {});
}

async function newLock(content?: string): Promise<{ folder: string; lock: string }> {
  const folder = await scratchFolder();
  const lock = path.join(folder, "lock");
  if (content !== undefined) await writeFile(lock, content);
  return { folder, lock };
}

describe("a lock that is held", () => {
  test("is touched four times a minute with the same content until the work ends", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { lock } = await newLock();
    await withLock(lock, async () => {
      const content = await readFile(lock, "utf8");
      await utimes(lock, 1, 1);
      await vi.advanceTimersByTimeAsync(14_999);
      expect((await stat(lock)).mtimeMs).toBe(1000);
      await vi.advanceTimersByTimeAsync(1);
      for (let turn = 0; turn < 1000 && (await stat(lock)).mtimeMs === 1000; turn++);
      expect((await stat(lock)).mtimeMs).toBeGreaterThan(1000);
      expect(await readFile(lock, "utf8")).toBe(content);
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is left to a process that took it over", async () => {
    const { lock } = await newLock();
    await withLock(lock, async () => {
      await rm(lock);
      await writeFile(lock, ofOtherHost);
    });
    expect(await readFile(lock, "utf8")).toBe(ofOtherHost);
  });

  test("may be gone after the work", async () => {
    const { folder, lock } = await newLock();
    expect(await withLock(lock, async () => rm(lock).then(() => "done"))).toBe("done");
    // The same at the last moment.
    interceptDisk(
      "rm",
      before(lock, () => remove(lock)),
    );
    expect(await withLock(lock, async () => "done")).toBe("done");
    expect(await readdir(folder)).toEqual([]);
  });

  test("is left if it is not readable after the work", async () => {
    const { lock } = await newLock();
    await withLock(lock, async () => {
      interceptDisk("lstat", () => () => Promise.reject(systemError("EIO")));
    });
    expect(await readFile(lock, "utf8")).toContain(thisProcess.host);
  });
});

describe("a lock that cannot be taken", () => {
  test("has an explanation: a long name, a missing folder", async () => {
    const { folder } = await newLock();
    const long = withLock(path.join(folder, "x".repeat(300)), async () => {});
    await expect(long).rejects.toMatchObject({ code: "invalid-reference" });
    const missing = withLock(path.join(folder, "missing/lock"), async () => {});
    await expect(missing).rejects.toMatchObject({ code: "conflict", retryable: true });
  });

  test("is not left behind on a full disk", async () => {
    const { folder, lock } = await newLock();
    const handles: FileHandle[] = [];
    interceptDisk("open", (open) => async (file, ...rest) => {
      const handle = (await open(file, ...rest)) as FileHandle;
      if (file !== lock) return handle;
      handles.push(handle);
      return Object.assign(handle, { write: () => Promise.reject(systemError("ENOSPC")) });
    });
    const full = { code: "unavailable", message: expect.stringContaining("full") as string };
    await expect(withLock(lock, async () => {})).rejects.toMatchObject(full);
    expect(await readdir(folder)).toEqual([]);
    interceptDisk(
      "rm",
      before(lock, () => remove(lock)),
    );
    await expect(withLock(lock, async () => {})).rejects.toMatchObject(full);
    expect(handles.map(({ fd }) => fd)).toEqual([-1, -1]);
  });
});

describe("the attempts to take a lock", () => {
  test("follow each other without a delay up to a limit if it is always free", async () => {
    stopTimers();
    const { folder, lock } = await newLock();
    let attempts = 0;
    interceptDisk("open", (open) => async (file, ...rest) => {
      if (file !== lock) return open(file, ...rest);
      attempts++;
      throw systemError("EEXIST");
    });
    const controller = new AbortController();
    const taken = withLock(lock, async () => {}, { signal: controller.signal });
    const outcome = taken.catch((error: unknown) => error);
    for (let turn = 0; turn < 20; turn++) await diskWork(folder);
    expect(attempts).toBe(101);
    await nextSecond(folder);
    await diskWork(folder);
    expect(attempts).toBeGreaterThan(101);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await outcome).toBe(reason);
  });

  test("have increasing delays from 5 to 250 ms, with jitter", async () => {
    stopTimers();
    vi.spyOn(Math, "random").mockReturnValue(0.75);
    const { folder, lock } = await newLock(ofOtherHost);
    const timeouts = vi.spyOn(globalThis, "setTimeout");
    const controller = new AbortController();
    const taken = withLock(lock, async () => {}, { signal: controller.signal });
    const outcome = taken.catch((error: unknown) => error);
    for (let second = 0; second < 20; second++) await nextSecond(folder);
    controller.abort(new Error("enough"));
    await outcome;
    const delays = timeouts.mock.calls.map(([, delay]) => delay);
    expect(delays.slice(0, 3)).toEqual([6.25, 9.375, 14.0625]);
    expect(delays.at(-1)).toBe(312.5);
    expect(Math.max(...delays.map(Number))).toBe(312.5);
  });
});

describe("the lock of a process that has ended", () => {
  test("is taken over without a delay", async () => {
    stopTimers();
    const { folder, lock } = await newLock(ofEnded("a0"));
    expect(await withLock(lock, async () => readdir(folder))).toEqual(["lock"]);
    expect(await readdir(folder)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is removed under a second lock with its id in the name", async () => {
    const seen: string[] = [];
    const { folder, lock } = await newLock(ofEnded("a0"));
    interceptDisk(
      "rm",
      before(lock, async () => seen.push(...(await readdir(folder)))),
    );
    await withLock(lock, async () => seen.splice(2));
    expect(seen.slice(0, 2)).toEqual(["lock", "lock-a0"]);
  });

  test("without an id is removed under a second lock too", async () => {
    stopTimers();
    const seen: string[] = [];
    const { folder, lock } = await newLock("");
    interceptDisk(
      "rm",
      before(lock, async () => seen.push(...(await readdir(folder)))),
    );
    let isTaken = false;
    const taken = withLock(lock, async () => void (isTaken = true));
    for (let second = 0; !isTaken && second < 900; second++) await nextSecond(folder);
    expect(isTaken).toBe(true);
    await taken;
    expect(seen.slice(0, 2)).toEqual(["lock", "lock-unwritten"]);
  });

  test("may be gone before it is removed", async () => {
    const { folder, lock } = await newLock(ofEnded("a0"));
    interceptDisk(
      "rm",
      before(lock, () => remove(lock)),
    );
    expect(await withLock(lock, async () => "mine")).toBe("mine");
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ["another one", "a1", 1000],
    ["touched again", "a0", 2000],
  ])("is not removed if it is %s by then", async (_, id, time) => {
    stopTimers();
    const { folder, lock } = await newLock(ofEnded("a0"));
    await utimes(lock, 1, 1);
    const right = `${lock}-a0`;
    let removed = 0;
    interceptDisk(
      "rm",
      before(lock, async () => removed++),
    );
    // At the moment at which this process has the right to remove it.
    let isSwapped = false;
    interceptDisk("open", (open) => async (file, ...rest) => {
      if (file === right && !isSwapped) {
        isSwapped = true;
        await writeFile(`${lock}.new`, `00000000 18 ${id}\n`);
        await utimes(`${lock}.new`, time / 1000, time / 1000);
        await rename(`${lock}.new`, lock);
      }
      return open(file, ...rest);
    });
    const controller = new AbortController();
    const taken = withLock(lock, async () => {}, { signal: controller.signal });
    const outcome = taken.catch((error: unknown) => error);
    for (let second = 0; second < 3; second++) await nextSecond(folder);
    expect([isSwapped, removed]).toEqual([true, 0]);
    expect(await readFile(lock, "utf8")).toBe(`00000000 18 ${id}\n`);
    controller.abort(new Error("enough"));
    await outcome;
  });

  test("may be removed by another process first", async () => {
    const { lock } = await newLock(ofEnded("a0"));
    interceptDisk(
      "open",
      before(`${lock}-a0`, () => remove(lock)),
    );
    expect(await withLock(lock, async () => "mine")).toBe("mine");
  });

  test("can be waited for until an abort", async () => {
    stopTimers();
    const { folder, lock } = await newLock(ofEnded("a0"));
    await writeFile(`${lock}-a0`, ofOtherHost);
    const controller = new AbortController();
    const taken = withLock(lock, async () => "never", { signal: controller.signal });
    const outcome = taken.catch((error: unknown) => error);
    await nextSecond(folder);
    await diskWork(folder);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await outcome).toBe(reason);
  });

  test("that this user cannot remove is a conflict with the name of its owner", async () => {
    const { lock } = await newLock(ofEnded("a0"));
    interceptDisk(
      "rm",
      (call) =>
        (file, ...rest) =>
          file === lock ? Promise.reject(systemError("EPERM")) : call(file, ...rest),
    );
    const error: unknown = await withLock(lock, async () => {}).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "conflict", cause: { code: "EPERM" } });
    expect((error as Error).message).toContain(`process ${endedPid} on this host`);
    expect(await readFile(lock, "utf8")).toBe(ofEnded("a0"));
  });

  test("that returns each time is waited for after a limit", async () => {
    stopTimers();
    const { folder, lock } = await newLock(ofEnded("0"));
    let removed = 0;
    interceptDisk("rm", (call) => async (file, ...rest) => {
      await call(file, ...rest);
      if (file === lock) await writeFile(lock, ofEnded(String(++removed)));
    });
    const controller = new AbortController();
    const taken = withLock(lock, async () => {}, { signal: controller.signal });
    const outcome = taken.catch((error: unknown) => error);
    for (let turn = 0; turn < 200 && removed < 100; turn++) await diskWork(folder);
    for (let turn = 0; turn < 10; turn++) await diskWork(folder);
    expect(removed).toBe(100);
    controller.abort(new Error("enough"));
    await outcome;
  });
});

/** The text of the notice about a wait for a lock with this content. */
async function noticeOf(content: string, arrange?: (lock: string) => void): Promise<string> {
  stopTimers();
  const { folder, lock } = await newLock(content);
  arrange?.(lock);
  const controller = new AbortController();
  const texts: string[] = [];
  const outcome = withLock(lock, async () => {}, {
    signal: controller.signal,
    onNotice: (notice) => {
      if (notice.kind === "lock") texts.push(notice.text);
    },
  }).catch(() => {});
  for (let second = 0; second < 4; second++) await nextSecond(folder);
  controller.abort(new Error("enough"));
  await outcome;
  expect(texts).toHaveLength(1);
  return texts[0] ?? "";
}

describe("the notice of waiting", () => {
  test("is sent once after two seconds", async () => {
    stopTimers();
    const { folder, lock } = await newLock(ofOtherHost);
    const controller = new AbortController();
    let notices = 0;
    const outcome = withLock(lock, async () => {}, {
      signal: controller.signal,
      onNotice: () => void notices++,
    }).catch(() => {});
    await nextSecond(folder);
    for (let step = 0; step < 9; step++) {
      await diskWork(folder);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(notices).toBe(0);
    for (let second = 0; second < 5; second++) await nextSecond(folder);
    expect(notices).toBe(1);
    controller.abort(new Error("enough"));
    await outcome;
  });

  test("names this host, and an unknown process for an empty lock", async () => {
    const text = await noticeOf(`${thisProcess.host} ${process.pid} a0\nsome-name\n`);
    expect(text).toContain(`process ${process.pid} on this host`);
    expect(await noticeOf("")).toContain(", an unknown process");
  });

  test("contains the creation time of the lock if the file system stores it", async () => {
    expect(await noticeOf(ofOtherHost)).toMatch(/, since \d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const withoutTime = (lock: string): void =>
      interceptDisk("open", (open) => async (file, ...rest) => {
        const handle = (await open(file, ...rest)) as FileHandle;
        if (file !== lock) return handle;
        const status = await handle.stat();
        return Object.assign(handle, {
          stat: async () => Object.assign(status, { birthtimeMs: 0 }),
        });
      });
    expect(await noticeOf(ofOtherHost, withoutTime)).toMatch(/ on host build-7$/);
  });

  test("contains only the owner of an unreadable lock", async () => {
    const unreadable = (lock: string): void =>
      interceptDisk("open", (open) => async (file, ...rest) => {
        if (file === lock && rest[0] !== "wx") throw systemError("EACCES");
        return open(file, ...rest);
      });
    const text = await noticeOf(ofOtherHost, unreadable);
    expect(text).toContain(`(uid ${process.getuid?.()}), an unknown process, since 2`);
    expect(text).not.toContain("build-7");
  });
});

test.skipIf(process.getuid?.() !== 0)(
  "a lock of this user does not extend the wait for locks of another user",
  async () => {
    stopTimers();
    const { folder, lock } = await newLock(ofOtherHost);
    await chown(lock, 65_534, 65_534);
    let outcome: unknown;
    void withLock(lock, async () => {}).catch((error: unknown) => (outcome = error));
    for (let second = 0; second < 80 && outcome === undefined; second++) {
      await utimes(lock, second, second);
      await nextSecond(folder);
      await chown(lock, second === 30 ? 0 : 65_534, 65_534);
    }
    expect(outcome).toMatchObject({ code: "conflict" });
    expect((outcome as Error).message).toMatch(/was not released within 6\d s/);
  },
);

describe("another file that replaces the lock during a check", () => {
  async function swapped(name: "lstat" | "open", times: number): Promise<unknown> {
    const { folder, lock } = await newLock(ofOtherHost);
    await writeFile(path.join(folder, "file"), ofOtherHost);
    let calls = 0;
    interceptDisk(name, (call) => async (file, ...rest) => {
      if (file === lock && rest[0] !== "wx" && ++calls === times) {
        await rm(lock);
        await symlink("file", lock);
      }
      return call(file, ...rest);
    });
    return withLock(lock, async () => {}).catch((error: unknown) => error);
  }

  test("is not a lock, and links are not followed", async () => {
    expect(await swapped("lstat", 2)).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("not a regular file") as string,
      cause: { code: "unsupported" },
    });
    expect(await swapped("open", 1)).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("not a regular file") as string,
      cause: { code: "invalid-reference" },
    });
  });

  test("is an error of the system if it cannot be read", async () => {
    const { lock } = await newLock(ofOtherHost);
    interceptDisk("lstat", () => () => Promise.reject(systemError("EIO")));
    await expect(withLock(lock, async () => {})).rejects.toMatchObject({ code: "EIO" });
  });
});
