import { describe, expect, test } from "vitest";

import { Retries } from "../../src/contract/retries.ts";
import type { Retry } from "../../src/contract/retries.ts";
import { ImageError } from "../../src/names/image-error.ts";

const failed = {
  get error() {
    return new ImageError("unavailable", "busy");
  },
  attempt: 1,
  doing: "ask",
};

describe("another attempt", () => {
  test("is allowed until there were enough of them", async () => {
    const retries = new Retries({ attempts: 3, firstPause: 0 });
    const allowed: boolean[] = [];
    for (const attempt of [1, 2, 3]) {
      allowed.push(await retries.mayTryAgain({ ...failed, attempt }));
    }
    expect(allowed).toEqual([true, true, false]);
  });

  test("is refused to whoever comes when the budget of all is used up", async () => {
    const retries = new Retries({ budget: 2, firstPause: 0 });
    const allowed: boolean[] = [];
    for (const doing of ["ask", "send", "look"]) {
      allowed.push(await retries.mayTryAgain({ ...failed, doing }));
    }
    expect(allowed).toEqual([true, true, false]);
  });

  test("is free of charge after progress", async () => {
    const retries = new Retries({ attempts: 1, budget: 0, firstPause: 0 });
    expect(await retries.mayTryAgain({ ...failed, hasProgressed: true })).toBe(true);
    expect(await retries.mayTryAgain(failed)).toBe(false);
  });

  test.each([
    ["denied", new ImageError("denied", "no")],
    ["no error of ours", new Error("bug")],
  ])("is not given to what will not pass: %s", async (_, error) => {
    expect(await new Retries({ firstPause: 0 }).mayTryAgain({ ...failed, error })).toBe(false);
  });

  test("is not given for an error that somebody else gave up on", async () => {
    const retries = new Retries({ attempts: 2, firstPause: 0 });
    const { error } = failed;
    expect(await retries.mayTryAgain({ doing: "ask", error, attempt: 2 })).toBe(false);
    expect(await retries.mayTryAgain({ doing: "copy", error, attempt: 1 })).toBe(false);
    const about = new ImageError("unavailable", "busy for long", { cause: error });
    expect(await retries.mayTryAgain({ doing: "copy", error: about, attempt: 1 })).toBe(false);
  });

  test("is not waited for where the other side wants to be left alone for too long", async () => {
    const retries = new Retries({ longestPause: 1000 });
    expect(await retries.mayTryAgain({ ...failed, retryAfter: 1001 })).toBe(false);
  });
});

describe("the pause", () => {
  const pausesOf = async (settings: object, retryAfter?: number): Promise<readonly number[]> => {
    const told: Retry[] = [];
    const retries = new Retries({ ...settings, onRetry: (retry) => void told.push(retry) });
    for (const attempt of [1, 2, 3, 4])
      await retries.mayTryAgain({ ...failed, attempt, retryAfter });
    return told.map(({ pause }) => pause);
  };

  test("doubles, give or take a half, and has an end", async () => {
    const pauses = await pausesOf({ firstPause: 4, longestPause: 10 });
    for (const [at, least] of [2, 4, 8, 10].entries()) {
      expect(pauses[at]).toBeGreaterThanOrEqual(Math.min(least, 10));
      expect(pauses[at]).toBeLessThanOrEqual(Math.min(least * 3, 10));
    }
  });

  test("is never shorter than the other side asked for", async () => {
    for (const pause of await pausesOf({ firstPause: 0 }, 3)) expect(pause).toBe(3);
  });

  test("ends with an abort, whose reason passes through", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const retries = new Retries({ firstPause: 60_000, onRetry: () => controller.abort(reason) });
    await expect(retries.mayTryAgain(failed, controller.signal)).rejects.toBe(reason);
  });
});

describe("an operation", () => {
  test("runs again until it succeeds, and reports each restart", async () => {
    const retries = new Retries({ firstPause: 0 });
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

  test("ends with its last error when there is no further attempt", async () => {
    const retries = new Retries({ attempts: 2, firstPause: 0 });
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
