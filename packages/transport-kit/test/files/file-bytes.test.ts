import { writeFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { fileBytes, readSmallFile } from "@drayage/transport-kit/files";
import fc from "fast-check";
import { expect, test } from "vitest";

async function collected(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("a file and any range of it are read exactly, and a range is limited to the file", async () => {
  const file = path.join(await scratchFolder(), "file");
  const content = Buffer.from(Uint32Array.from({ length: 200_000 }, (_, at) => at * 7919).buffer);
  await writeFile(file, content);
  expect(Buffer.compare(await collected(fileBytes(file)), content)).toBe(0);
  const position = fc.nat({ max: content.byteLength + 10 });
  const law = fc.asyncProperty(position, fc.option(position), async (start, length) => {
    const end = length === null ? undefined : start + length;
    const part = await collected(fileBytes(file, { range: { start, end } }));
    const expected = content.subarray(start, end === undefined ? undefined : end + 1);
    expect(Buffer.compare(part, expected)).toBe(0);
  });
  await fc.assert(law, { numRuns: 50 });
});

test("the file is opened on the first pull", async () => {
  const bytes = fileBytes(path.join(await scratchFolder(), "missing"));
  await expect(bytes.next()).rejects.toMatchObject({ code: "ENOENT" });
});

test("an abort ends the read with its reason", async () => {
  const file = path.join(await scratchFolder(), "file");
  await writeFile(file, new Uint8Array(1 << 20));
  const controller = new AbortController();
  const reason = new Error("enough");
  const bytes = fileBytes(file, { signal: controller.signal });
  await bytes.next();
  controller.abort(reason);
  await expect(bytes.next()).rejects.toBe(reason);
});

test("a small file is read completely, a missing one is undefined, and a large one is an error", async () => {
  const folder = await scratchFolder();
  const file = path.join(folder, "file");
  await writeFile(file, "content");
  expect(await readSmallFile(file, 7)).toEqual(Buffer.from("content"));
  expect(await readSmallFile(path.join(folder, "missing"), 7)).toBeUndefined();
  expect(await readSmallFile(path.join(file, "below"), 7)).toBeUndefined();
  await expect(readSmallFile(file, 6)).rejects.toMatchObject({ code: "invalid-manifest" });
});
