import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { ended, nextMessage, scratchFolder } from "@drayage/test-support";
import { StagedFolder, withLock } from "@drayage/transport-kit/files";
import { expect, test } from "vitest";

import { startProgram } from "./programs.ts";

test("processes that count under a lock miss no number", async () => {
  const folder = await scratchFolder();
  const [lock, file] = [path.join(folder, "lock"), path.join(folder, "number")];
  await writeFile(file, "0");
  const children = Array.from({ length: 6 }, () => startProgram("count-up.ts", lock, file, "20"));
  expect(await Promise.all(children.map(ended))).toEqual(children.map(() => 0));
  expect(await readFile(file, "utf8")).toBe("120");
  expect(await readdir(folder)).toEqual(["number"]);
});

test("the lock of a killed process is taken over by one of many, then by the next", async () => {
  const folder = await scratchFolder();
  const [lock, file] = [path.join(folder, "lock"), path.join(folder, "number")];
  await writeFile(file, "0");
  const holder = startProgram("hold-lock.ts", lock);
  expect(await nextMessage(holder)).toBe("held");
  holder.kill("SIGKILL");
  await ended(holder);
  expect(await readdir(folder)).toEqual(["lock", "number"]);
  const children = Array.from({ length: 6 }, () => startProgram("count-up.ts", lock, file, "5"));
  expect(await Promise.all(children.map(ended))).toEqual(children.map(() => 0));
  expect(await readFile(file, "utf8")).toBe("30");
  expect(await readdir(folder)).toEqual(["number"]);
});

test("a wait for a lock can be aborted, and other waits continue", async () => {
  const lock = path.join(await scratchFolder(), "lock");
  const holder = startProgram("hold-lock.ts", lock);
  await nextMessage(holder);
  const reason = new Error("enough");
  const [here, queued] = [new AbortController(), new AbortController()];
  const waiting = withLock(lock, async () => "never", { signal: here.signal });
  const behind = withLock(lock, async () => "never", { signal: queued.signal });
  const last = withLock(lock, async () => "mine");
  queued.abort(reason);
  await expect(behind).rejects.toBe(reason);
  here.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  holder.kill("SIGKILL");
  expect(await last).toBe("mine");
});

test("a stage of a killed process is swept, a stage of a running one is not", async () => {
  const folder = await scratchFolder();
  const [dead, alive] = [
    startProgram("leave-stage.ts", folder),
    startProgram("leave-stage.ts", folder),
  ];
  const [, living] = await Promise.all([nextMessage(dead), nextMessage(alive)]);
  dead.kill("SIGKILL");
  await ended(dead);
  await using _ = await StagedFolder.open(folder);
  const names = await readdir(folder);
  expect(names).toContain(living);
  expect(names).toHaveLength(2);
});
