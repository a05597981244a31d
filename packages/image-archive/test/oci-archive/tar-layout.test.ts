import { digestOf } from "@drayage/core";
import { tarFile } from "@drayage/test-support";
import type { TarFileMember } from "@drayage/test-support";
import { expect, test } from "vitest";

import { TarArchive, TarLayout } from "../../src/index.ts";
import { CountedBytes } from "../counted-bytes.ts";

const blob = Buffer.from("a blob");
const digest = digestOf(blob);
const members: readonly TarFileMember[] = [
  { name: "./oci-layout", content: "{}" },
  { name: "./index.json", content: "an index" },
  { name: `./blobs/sha256/${digest.slice("sha256:".length)}`, content: blob },
];
const dockerManifest: TarFileMember = { name: "manifest.json", content: "[]" };

async function layoutOf(...all: readonly TarFileMember[]): Promise<TarLayout> {
  return TarLayout.open(await TarArchive.open(CountedBytes.of(tarFile(all))));
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(bytes)).toString();
}

test("a layout is read from the archive, also by ranges", async () => {
  await using layout = await layoutOf(...members);
  expect(Buffer.from((await layout.readFile("index.json")) ?? "").toString()).toBe("an index");
  expect(await layout.statBlob(digest)).toEqual({ size: blob.byteLength });
  expect(await read(layout.getBlob(digest))).toBe("a blob");
  expect(await read(layout.getBlob(digest, { range: { start: 2, end: 3 } }))).toBe("bl");
  expect(layout.offers).toEqual({ parallelBlobs: 4, ranges: true, isLocal: true });
});

test("missing files and blobs are not found", async () => {
  await using layout = await layoutOf({ name: "other" });
  const other = digestOf(Buffer.from("other"));
  expect(await layout.readFile("index.json")).toBeUndefined();
  expect(await layout.statBlob(other)).toBeUndefined();
  await expect(read(layout.getBlob(other))).rejects.toMatchObject({ code: "not-found" });
});

test("a docker archive is rejected and closed unless it is also a layout", async () => {
  const bytes = CountedBytes.of(tarFile([dockerManifest]));
  const opened = TarLayout.open(await TarArchive.open(bytes));
  await expect(opened).rejects.toMatchObject({ code: "unsupported" });
  expect(bytes.isClosed).toBe(true);
  await using both = await layoutOf(...members, dockerManifest);
  expect(await both.statBlob(digest)).toEqual({ size: blob.byteLength });
});

test("a blob that is a folder or a link out of the archive is rejected", async () => {
  const [, , { name } = { name: "" }] = members;
  for (const odd of [
    { name, type: "2", linkName: "/etc/passwd" },
    { name, type: "5" },
  ])
    await expect((await layoutOf(odd)).statBlob(digest)).rejects.toMatchObject({
      code: "invalid-manifest",
      message: expect.stringContaining(digest.slice("sha256:".length)) as string,
    });
});
