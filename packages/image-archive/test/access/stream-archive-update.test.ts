import { createWriteStream, existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";

import { digestOf } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { findProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { expect, test } from "vitest";

import { openArchiveStream, StreamArchiveUpdate } from "../../src/index.ts";

const files = new Map([["index.json", Buffer.from("{}")]]);
const change = async (): Promise<{ files: typeof files; keeps: () => boolean }> => ({
  files,
  keeps: () => true,
});

async function* failing(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
  throw new Error("broken off");
}

test.skipIf(findProgram("tar") === undefined)(
  "each blob is sent completely and once, and a failed one is not sent",
  async () => {
    const output = new PassThrough();
    const received = Array.fromAsync(output as AsyncIterable<Uint8Array>);
    await using update = new StreamArchiveUpdate(output, "pipe");
    const [one, two] = [Buffer.alloc(100_000, 1), Buffer.alloc(3, 2)];
    await Promise.all([
      update.putBlob(streamOf(one), {}),
      expect(update.putBlob(failing(one), {})).rejects.toThrow("broken"),
      update.putBlob(streamOf(one), { digest: digestOf(one), size: one.byteLength }),
      update.putBlob(streamOf(two), {}),
      expect(update.putBlob(streamOf(two), { size: 4 })).rejects.toMatchObject({
        code: "digest-mismatch",
      }),
    ]);
    expect(update.sizeOf(digestOf(two))).toBe(3);
    await update.commit(change);
    const content = Buffer.concat(await received);
    await using archive = await openArchiveStream(streamOf(content), "pipe");
    expect(archive.members).toHaveLength(3);
    const file = path.join(await scratchFolder(), "out.tar");
    await writeFile(file, content);
    expect((await outputOf("tar", "-tf", file)).trim().split("\n")).toHaveLength(3);
  },
);

test("aborting does not wait for a reader that stopped reading", async () => {
  const abort = new AbortController();
  const output = new PassThrough();
  await using update = new StreamArchiveUpdate(output, "pipe");
  output.once("data", () => {
    output.pause();
    abort.abort(new Error("enough"));
  });
  const put = update.putBlob(streamOf(Buffer.alloc(1_000_000)), {}, { signal: abort.signal });
  await expect(put).rejects.toThrow("enough");
  await expect(update.commit(change)).rejects.toMatchObject({ code: "unavailable" });
});

test("a closed reader is reported, and the truncated stream is not completed", async () => {
  const output = new PassThrough();
  await using update = new StreamArchiveUpdate(output, "pipe");
  output.once("data", () => output.destroy());
  const put = update.putBlob(streamOf(Buffer.alloc(1_000_000)), {});
  await expect(put).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("pipe") as string,
  });
  await expect(update.commit(change)).rejects.toMatchObject({ code: "unavailable" });
});

test.skipIf(!existsSync("/dev/full"))("a full device is reported by its name", async () => {
  await using update = new StreamArchiveUpdate(createWriteStream("/dev/full"), "/dev/full");
  await expect(update.putBlob(streamOf(Buffer.alloc(10)), {})).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("/dev/full is full") as string,
  });
});
