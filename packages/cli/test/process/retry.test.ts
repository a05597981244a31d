import { ImageError } from "@drayage/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { withRetries } from "../../src/process/retry.ts";

const { signal } = new AbortController();
const busy = new ImageError("unavailable", "busy");
let logged: string[] = [];

beforeEach(() => {
  logged = [];
  vi.spyOn(process.stderr, "write").mockImplementation((line) => logged.push(String(line)) > 0);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Fails with one of these errors each time, then succeeds. */
function failing(...errors: readonly Error[]): () => Promise<string> {
  const left = [...errors];
  return async () => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return "done";
  };
}

describe("a failing operation", () => {
  test("is retried as often as requested, and each retry is logged", async () => {
    const flags = { retryTimes: 2, retryDelay: 1 };
    expect(await withRetries(flags, signal, failing(busy, busy))).toBe("done");
    expect(logged).toEqual([
      "drayage: busy; retrying in 0.001 s (1 of 2)\n",
      "drayage: busy; retrying in 0.001 s (2 of 2)\n",
    ]);
  });

  test("fails after the last retry", async () => {
    const flags = { retryTimes: 1, retryDelay: 1 };
    await expect(withRetries(flags, signal, failing(busy, busy))).rejects.toBe(busy);
  });

  test("is not retried by default", async () => {
    await expect(withRetries({}, signal, failing(busy))).rejects.toBe(busy);
  });

  test("is not retried after a permanent failure", async () => {
    const denied = new ImageError("denied", "no");
    await expect(withRetries({ retryTimes: 9 }, signal, failing(denied))).rejects.toBe(denied);
    expect(logged).toEqual([]);
  });

  test("is not retried after an abort", async () => {
    const stopped = AbortSignal.abort(new Error("stop"));
    await expect(withRetries({ retryTimes: 9 }, stopped, failing(busy))).rejects.toBe(busy);
  });
});
