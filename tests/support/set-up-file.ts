import { afterAll, expect, vi } from "vitest";

// The default comparison takes 0.1 s for a megabyte.
expect.addEqualityTesters([
  (one: unknown, other: unknown) =>
    Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : undefined,
]);

/** Restores what a test file changed in its process, for the next file. */
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.resetConfig();
});
