import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { copyImage, digestOf, isImageError } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { isNotThere, tarFile, tarRecord } from "@drayage/testkit";
import type { TarFileMember } from "@drayage/testkit";
import { afterAll, expect, test } from "vitest";

import { dockerArchive } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-hostile-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const file = path.join(folder, "archive.tar");

const layer = tarFile([{ name: "etc/hello", content: "hello" }]).toString("latin1");
const config = JSON.stringify({
  rootfs: { type: "layers", diff_ids: [digestOf(Buffer.from(layer))] },
});
const manifest = JSON.stringify([{ Config: "c.json", RepoTags: ["a:1"], Layers: ["l.tar"] }]);

const image: readonly TarFileMember[] = [
  { name: "c.json", content: config },
  { name: "l.tar", content: layer },
  { name: "manifest.json", content: manifest },
];

/** The image, with some of its members in another way. */
function but(...others: readonly TarFileMember[]): Buffer {
  return tarFile([
    ...image.filter(({ name }) => !others.some((one) => one.name === name)),
    ...others,
  ]);
}

async function copied(content: Buffer): Promise<unknown> {
  await writeFile(file, content);
  const to = memory().parseReference("out");
  try {
    await copyImage(dockerArchive().parseReference(file), to);
  } catch (error) {
    await isNotThere(to);
    return error;
  }
  expect(await readdir(folder)).toEqual(["archive.tar"]);
  return undefined;
}

test("names that begin with a dot, long names and links inside do no harm", async () => {
  const linked = manifest.replace("l.tar", "link.tar");
  const content = tarFile([
    { name: "././@LongLink", type: "L", content: "./c.json\0" },
    { name: "cut", content: config },
    { name: "pax", type: "x", content: tarRecord("path", "deep/l.tar") },
    { name: "cut", content: layer },
    { name: "./link.tar", type: "2", linkName: "deep/l.tar" },
    { name: "manifest.json", content: linked },
    { name: "manifest.json", content: linked },
  ]);
  expect(await copied(content)).toBeUndefined();
});

test.each([
  ["an absolute path", but({ name: "/etc/passwd", content: "x" }), "/etc/passwd"],
  ["a path that leads out", but({ name: "a/../../b", content: "x" }), "a/../../b"],
  [
    "a link that leads out",
    but({ name: "l.tar", type: "2", linkName: "../../etc/passwd" }),
    "l.tar",
  ],
  ["a link to itself", but({ name: "l.tar", type: "2", linkName: "l.tar" }), "l.tar"],
  ["a device for a layer", but({ name: "l.tar", type: "3" }), "l.tar"],
  ["a folder for a config", but({ name: "c.json", type: "5" }), "c.json"],
  ["a sparse file", but({ name: "l.tar", type: "S", content: layer }), "l.tar"],
  ["a claim of terabytes", but({ name: "l.tar", size: 8 ** 11 - 1 }), "l.tar"],
  [
    "a member twice, not the same",
    tarFile([...image, { name: "c.json", content: "{}" }]),
    "c.json",
  ],
  ["a layer that is missing", tarFile(image.filter(({ name }) => name !== "l.tar")), "l.tar"],
  [
    "a negative size in records",
    but({ name: "x", type: "x", content: tarRecord("size", "-10") }),
    "-10",
  ],
])("%s is refused, by name", async (_, content, name) => {
  const error = await copied(content);
  expect(error).toMatchObject({ code: "invalid-manifest" });
  expect((error as Error).message).toContain(name);
});

test("an archive that was cut off anywhere fails, or has lost nothing that the image needs", async () => {
  const whole = but();
  for (let length = 0; length < whole.length; length += 101) {
    const error = await copied(whole.subarray(0, length));
    expect(error === undefined ? length > whole.length - 1536 : isImageError(error)).toBe(true);
  }
});

test("an archive of too many members is given up on", async () => {
  const block = tarFile([{ name: "empty" }]).subarray(0, 512);
  const error = await copied(Buffer.concat(Array.from({ length: 300_000 }, () => block)));
  expect((error as Error).message).toContain("too many members");
});
