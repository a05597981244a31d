import { ImageError } from "@drayage/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { withRetries } from "../../src/process/retry.ts";

const { signal } = new AbortController();
const busy = new ImageError("unavailable", "busy");
let said: string[] = [];

beforeEach(() => {
  said = [];
  vi.spyOn(process.stderr, "write").mockImplementation((line) => said.push(String(line)) > 0);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Fails with these errors, one each time, then works. */
function failing(...errors: readonly Error[]): () => Promise<string> {
  const left = [...errors];
  return async () => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return "done";
  };
}

describe("work that fails", () => {
  test("is begun again as often as was asked, each time with a word", async () => {
    const flags = { retryTimes: 2, retryDelay: 1 };
    expect(await withRetries(flags, signal, failing(busy, busy))).toBe("done");
    expect(said).toEqual([
      "drayage: busy; again in 0.001 s (1 of 2)\n",
      "drayage: busy; again in 0.001 s (2 of 2)\n",
    ]);
  });

  test("once too often is given up", async () => {
    const flags = { retryTimes: 1, retryDelay: 1 };
    await expect(withRetries(flags, signal, failing(busy, busy))).rejects.toBe(busy);
  });

  test("is not begun again unasked", async () => {
    await expect(withRetries({}, signal, failing(busy))).rejects.toBe(busy);
  });

  test("for good is not begun again", async () => {
    const denied = new ImageError("denied", "no");
    await expect(withRetries({ retryTimes: 9 }, signal, failing(denied))).rejects.toBe(denied);
    expect(said).toEqual([]);
  });

  test("because it was stopped is not begun again", async () => {
    const stopped = AbortSignal.abort(new Error("stop"));
    await expect(withRetries({ retryTimes: 9 }, stopped, failing(busy))).rejects.toBe(busy);
  });
});
