import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, hexOf } from "@drayage/core";
import type { CopyEvent } from "@drayage/core";
import { contentOf, ended, nextMessage, scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage, writeImage } from "@drayage/testkit";
import { lockName, withLock } from "@drayage/transport-kit/files";
import { expect, test } from "vitest";

import { directory } from "../src/index.ts";
import { startProgram } from "./programs.ts";

const transport = directory();

test("after several processes commit into one folder at once, one image is complete", async () => {
  const folder = path.join(await scratchFolder(), "image");
  await mkdir(folder);
  const seeds = ["one", "two", "three", "one", "two", "three"];
  const copies = await withLock(path.join(folder, lockName), async () => {
    const started = seeds.map((seed) => startProgram("copy-and-die.ts", seed, folder));
    // Each process has staged its image and waits for the lock of this process.
    const messages = await Promise.all(started.map(nextMessage));
    expect(messages).toEqual(started.map(() => "waiting"));
    const names = await readdir(folder);
    expect(names.filter((name) => !name.startsWith(".drayage-"))).toEqual([]);
    return started;
  });
  expect(await Promise.all(copies.map(ended))).toEqual(copies.map(() => 0));
  const digest = digestOf(await readFile(path.join(folder, "manifest.json")));
  const images = await Promise.all(seeds.map(async (seed) => randomImage(seed)));
  const winner = images.find((image) => image.manifest.digest === digest);
  if (winner === undefined) throw new Error("no image matches");
  await assertImage(transport.parseReference(folder), winner);
  const files = ["manifest.json", "version", ...[...winner.blobs.keys()].map(hexOf)];
  expect((await readdir(folder)).toSorted()).toEqual(files.toSorted());
});

test("a copy killed at any event leaves the image unchanged, and the next copy removes its files", async () => {
  const parent = await scratchFolder();
  const folder = path.join(parent, "image");
  const counting = startProgram("copy-and-die.ts", "killed", path.join(parent, "count"));
  const moments = Number(await nextMessage(counting));
  expect(moments).toBeGreaterThan(6);
  const one = await randomImage("one");
  await writeImage(one, transport.parseReference(folder));
  const before = await contentOf(folder);
  const now = async () => Object.entries(await contentOf(folder));
  for (let moment = 0; moment < moments - 1; moment += 2) {
    const copy = startProgram("copy-and-die.ts", "killed", folder, String(moment));
    expect(await ended(copy)).toBe("SIGKILL");
    const kept = (await now()).filter(([name]) => !name.startsWith(".drayage-"));
    expect(Object.fromEntries(kept)).toEqual(before);
  }
  expect((await now()).length).toBeGreaterThan(Object.keys(before).length);
  const two = await randomImage("two");
  await writeImage(two, transport.parseReference(folder));
  await assertImage(transport.parseReference(folder), two);
  expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("after a killed first copy into a new folder, the next copy succeeds", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const copy = startProgram("copy-and-die.ts", "killed", folder, "5");
  expect(await ended(copy)).toBe("SIGKILL");
  const one = await randomImage("one");
  await writeImage(one, transport.parseReference(folder));
  await assertImage(transport.parseReference(folder), one);
});

test("a copy aborted at any event leaves the folder unchanged to the last byte", async () => {
  const parent = await scratchFolder();
  const [folder, empty] = [path.join(parent, "image"), path.join(parent, "empty")];
  const from = await inMemory(await randomImage("aborted"));
  await writeImage(await randomImage("one"), transport.parseReference(folder));
  const events: CopyEvent[] = [];
  await copyImage(from, transport.parseReference(path.join(parent, "count")), {
    onEvent: (event) => void events.push(event),
  });
  const before = await contentOf(parent);
  for (const [moment] of events.slice(0, -1).entries()) {
    for (const place of [folder, empty]) {
      const controller = new AbortController();
      const reason = new Error(`aborted at event ${moment}`);
      let now = 0;
      const onEvent = () => void (now++ === moment && controller.abort(reason));
      const { signal } = controller;
      const copied = copyImage(from, transport.parseReference(place), { signal, onEvent });
      await expect(copied).rejects.toBe(reason);
      expect(await contentOf(parent)).toEqual(before);
    }
  }
});

test("a damaged blob is detected, and nothing is changed", async () => {
  const parent = await scratchFolder();
  const [from, to] = [path.join(parent, "from"), path.join(parent, "to")];
  const [one, two] = [await randomImage("one"), await randomImage("two")];
  await writeImage(one, transport.parseReference(from));
  await writeImage(two, transport.parseReference(to));
  const [[digest, bytes] = []] = one.blobs;
  if (digest === undefined || bytes === undefined) throw new Error("an image without blobs");
  const damaged = Uint8Array.from(bytes);
  damaged[0] = (damaged[0] ?? 0) ^ 1;
  await writeFile(path.join(from, hexOf(digest)), damaged);
  const before = await contentOf(to);
  const copied = copyImage(transport.parseReference(from), transport.parseReference(to));
  await expect(copied).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await contentOf(to)).toEqual(before);
});
