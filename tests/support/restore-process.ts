import { afterAll, vi } from "vitest";

/** Restores what a test file changed in its process, for the next file. A setup file of vitest. */
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.resetConfig();
});
