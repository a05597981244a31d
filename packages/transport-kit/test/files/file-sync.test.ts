import type { FileHandle } from "node:fs/promises";

import { expect, test } from "vitest";

import { FileSync } from "../../src/files/file-sync.ts";

const enough = 32 << 20;

/** A file whose syncs end on request of the test. */
function slowFile(): { handle: FileHandle; answers: PromiseWithResolvers<void>[] } {
  const answers: PromiseWithResolvers<void>[] = [];
  const datasync = async (): Promise<void> => {
    const answer = Promise.withResolvers<void>();
    answers.push(answer);
    return answer.promise;
  };
  return { handle: { datasync } as FileHandle, answers };
}

async function begun({ answers }: ReturnType<typeof slowFile>, count: number): Promise<void> {
  await expect.poll(() => answers.length).toBe(count);
}

test("a file is synced during the write, one file at a time", async () => {
  const [first, second] = [slowFile(), slowFile()];
  const [one, other] = [new FileSync(first.handle), new FileSync(second.handle)];
  one.written(enough - 1);
  one.written(1);
  other.written(enough);
  await begun(first, 1);
  expect(second.answers).toHaveLength(0);
  const finished = one.finish();
  first.answers[0]?.resolve();
  await begun(first, 2);
  other.written(1);
  await begun(second, 1);
  first.answers[1]?.resolve();
  await finished;
  second.answers[0]?.resolve();
  await other.stop();
});

test("a failed sync is thrown at the end, because systems report it once", async () => {
  const file = slowFile();
  const sync = new FileSync(file.handle);
  sync.written(enough);
  await begun(file, 1);
  file.answers[0]?.reject(new Error("the disk is full"));
  await expect(sync.finish()).rejects.toThrow("the disk is full");
});

test("stop waits for a running sync", async () => {
  const file = slowFile();
  const sync = new FileSync(file.handle);
  sync.written(enough);
  await begun(file, 1);
  let isStopped = false;
  const stopped = sync.stop().then(() => (isStopped = true));
  await Promise.resolve();
  expect(isStopped).toBe(false);
  file.answers[0]?.reject(new Error("the disk is full"));
  await stopped;
});
