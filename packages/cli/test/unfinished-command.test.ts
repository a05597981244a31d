import { spawn } from "node:child_process";

import { expect, test } from "vitest";

import { command, ended } from "./drayage.ts";

/** Reads of files in /nowhere never finish, and do not keep the process alive. */
const neverReading = `
  import files from "node:fs/promises";
  import { syncBuiltinESMExports } from "node:module";
  for (const name of ["open", "readFile", "stat", "lstat"]) {
    const original = files[name];
    files[name] = (path, ...rest) =>
      String(path).startsWith("/nowhere") ? new Promise(() => {}) : original(path, ...rest);
  }
  syncBuiltinESMExports();
`;

test("a command that never finishes does not exit with 0", async () => {
  const preload = `--import=data:text/javascript,${encodeURIComponent(neverReading)}`;
  const args = [preload, ...command, "inspect", "--raw", "dir:/nowhere"];
  const { code, stdout, stderr } = await ended(spawn(process.execPath, args));
  expect(stderr).toBe("drayage: stopped before the command finished; run it again\n");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
});
