import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

import { onTestFinished } from "vitest";

/** A function of `node:fs/promises` that takes a path first. */
export type DiskCall = (file: string, ...rest: readonly unknown[]) => Promise<unknown>;

/**
 * Replaces a function of `node:fs/promises` in this thread until the test ends. Simulates a full disk, another user, or
 * another process at a certain moment.
 */
export function interceptDisk(name: keyof typeof fs, around: (call: DiskCall) => DiskCall): void {
  const calls = fs as unknown as Record<string, DiskCall>;
  const before = calls[name];
  if (before === undefined) throw new TypeError(`node:fs/promises has no ${name}`);
  calls[name] = around(before);
  syncBuiltinESMExports();
  onTestFinished(() => {
    calls[name] = before;
    syncBuiltinESMExports();
  });
}

/** The error of the system with this code, such as `ENOSPC`. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
