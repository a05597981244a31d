import { describe, expect, test } from "vitest";

import { Retries } from "../../src/contract/retries.ts";
import type { Retry } from "../../src/contract/retries.ts";
import { ImageError } from "../../src/names/image-error.ts";

const failed = {
  get error() {
    return new ImageError("unavailable", "busy");
  },
  attempt: 1,
  operation: "ask",
};

describe("a retry", () => {
  test("is allowed until the maximum number of attempts", async () => {
    const retries = new Retries({ maxAttempts: 3, initialDelay: 0 });
    const allowed: boolean[] = [];
    for (const attempt of [1, 2, 3]) {
      allowed.push(await retries.waitForRetry({ ...failed, attempt }));
    }
    expect(allowed).toEqual([true, true, false]);
  });

  test("is refused once the total of all operations is reached", async () => {
    const retries = new Retries({ maxTotalRetries: 2, initialDelay: 0 });
    const allowed: boolean[] = [];
    for (const operation of ["ask", "send", "look"]) {
      allowed.push(await retries.waitForRetry({ ...failed, operation }));
    }
    expect(allowed).toEqual([true, true, false]);
  });

  test("does not count after progress", async () => {
    const retries = new Retries({ maxAttempts: 1, maxTotalRetries: 0, initialDelay: 0 });
    expect(await retries.waitForRetry({ ...failed, hasProgressed: true })).toBe(true);
    expect(await retries.waitForRetry(failed)).toBe(false);
  });

  test.each([
    ["denied", new ImageError("denied", "no")],
    ["not an ImageError", new Error("bug")],
  ])("is refused for a permanent error: %s", async (_, error) => {
    expect(await new Retries({ initialDelay: 0 }).waitForRetry({ ...failed, error })).toBe(false);
  });

  test("is refused for an error whose retries are exhausted", async () => {
    const retries = new Retries({ maxAttempts: 2, initialDelay: 0 });
    const { error } = failed;
    expect(await retries.waitForRetry({ operation: "ask", error, attempt: 2 })).toBe(false);
    expect(await retries.waitForRetry({ operation: "copy", error, attempt: 1 })).toBe(false);
    const outer = new ImageError("unavailable", "busy for long", { cause: error });
    expect(await retries.waitForRetry({ operation: "copy", error: outer, attempt: 1 })).toBe(false);
  });

  test("is refused if the server requests a delay above the maximum", async () => {
    const retries = new Retries({ maxDelay: 1000 });
    expect(await retries.waitForRetry({ ...failed, retryAfter: 1001 })).toBe(false);
  });
});

describe("the delay", () => {
  const delaysOf = async (settings: object, retryAfter?: number): Promise<readonly number[]> => {
    const reported: Retry[] = [];
    const retries = new Retries({ ...settings, onRetry: (retry) => void reported.push(retry) });
    for (const attempt of [1, 2, 3, 4])
      await retries.waitForRetry({ ...failed, attempt, retryAfter });
    return reported.map(({ delay }) => delay);
  };

  test("doubles up to the maximum, with 50 % jitter", async () => {
    const delays = await delaysOf({ initialDelay: 4, maxDelay: 10 });
    for (const [at, min] of [2, 4, 8, 10].entries()) {
      expect(delays[at]).toBeGreaterThanOrEqual(Math.min(min, 10));
      expect(delays[at]).toBeLessThanOrEqual(Math.min(min * 3, 10));
    }
  });

  test("is never shorter than the server requests", async () => {
    for (const delay of await delaysOf({ initialDelay: 0 }, 3)) expect(delay).toBe(3);
  });

  test("ends on an abort and throws its reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const retries = new Retries({ initialDelay: 60_000, onRetry: () => controller.abort(reason) });
    await expect(retries.waitForRetry(failed, controller.signal)).rejects.toBe(reason);
  });
});

describe("an operation", () => {
  test("runs until it succeeds and reports each restart", async () => {
    const retries = new Retries({ initialDelay: 0 });
    let [runs, restarts] = [0, 0];
    const result = await retries.run(
      "ask",
      async () => {
        if (++runs < 3) throw failed.error;
        return runs;
      },
      { onRestart: () => restarts++ },
    );
    expect({ result, restarts }).toEqual({ result: 3, restarts: 2 });
  });

  test("throws the error of the last attempt", async () => {
    const retries = new Retries({ maxAttempts: 2, initialDelay: 0 });
    const errors: Error[] = [];
    const running = retries.run("ask", async () => {
      const { error } = failed;
      errors.push(error);
      throw error;
    });
    const error = await running.catch((reason: unknown) => reason);
    expect(errors).toHaveLength(2);
    expect(error).toBe(errors[1]);
  });
});
