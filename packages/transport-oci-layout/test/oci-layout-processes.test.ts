import { readdir } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import type { CopyEvent } from "@drayage/core";
import { contentOf, ended, isTorture, nextMessage, scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage, writeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";
import { startProgram } from "./programs.ts";
import { isWholeLayout } from "./whole-layout.ts";

const transport = ociLayout();
const leftovers = async (layout: string) =>
  (await readdir(layout)).filter((name) => name.startsWith(".drayage-"));

/** How many copy at once. */
const count = isTorture ? 20 : 8;

test("processes that copy into one layout at once lose no images", async () => {
  const layout = path.join(await scratchFolder(), "layout");
  const seeds = Array.from({ length: count }, (_, at) => `image ${Math.floor(at / 2)}`);
  const copies = seeds.map((seed, at) => startProgram("copy-and-die.ts", seed, `${layout}:v${at}`));
  expect(await Promise.all(copies.map(ended))).toEqual(copies.map(() => 0));
  for (const [at, seed] of seeds.entries())
    await assertImage(transport.parseReference(`${layout}:v${at}`), await randomImage(seed));
  await isWholeLayout(layout);
  expect(await leftovers(layout)).toEqual([]);
});

test("a copy killed at any event leaves the layout unchanged, and the next copy removes its files", async () => {
  const layout = path.join(await scratchFolder(), "layout");
  const counting = startProgram("copy-and-die.ts", "killed", `${layout}-count:v1`);
  const moments = Number(await nextMessage(counting));
  // At the last event but one, the image is complete.
  expect(moments).toBeGreaterThan(6);
  const one = await randomImage("one");
  await writeImage(one, transport.parseReference(`${layout}:v0`));
  const before = await contentOf(layout);
  for (let moment = 0; moment < moments - 1; moment += 2) {
    const copy = startProgram("copy-and-die.ts", "killed", `${layout}:v1`, String(moment));
    expect(await ended(copy)).toBe("SIGKILL");
    const now = Object.entries(await contentOf(layout)).filter(
      ([name]) => !name.startsWith(".drayage-"),
    );
    expect(Object.fromEntries(now)).toEqual(before);
  }
  expect(await leftovers(layout)).not.toEqual([]);
  await writeImage(await randomImage("two"), transport.parseReference(`${layout}:v2`));
  expect(await leftovers(layout)).toEqual([]);
  await isWholeLayout(layout);
});

test("a process killed at any time, even in a commit, leaves a complete layout", async () => {
  const layout = path.join(await scratchFolder(), "layout");
  for (let round = 0; round < 5; round++) {
    const copies = startProgram("copy-again-and-again.ts", layout, String(round * 100));
    for (let message = 0; message <= round; message++) await nextMessage(copies);
    copies.kill("SIGKILL");
    await ended(copies);
    await isWholeLayout(layout);
  }
  const one = await randomImage("one");
  await writeImage(one, transport.parseReference(`${layout}:last`));
  await assertImage(transport.parseReference(`${layout}:last`), one);
  await isWholeLayout(layout);
  expect(await leftovers(layout)).toEqual([]);
});

test("a copy aborted at any event leaves the folder unchanged to the last byte", async () => {
  const folder = await scratchFolder();
  const [layout, empty] = [path.join(folder, "layout"), path.join(folder, "empty")];
  const from = await inMemory(await randomImage("aborted"));
  await writeImage(await randomImage("one"), transport.parseReference(`${layout}:v0`));
  const events: CopyEvent[] = [];
  await copyImage(from, transport.parseReference(`${folder}/count:v1`), {
    onEvent: (event) => void events.push(event),
  });
  const before = await contentOf(folder);
  for (const [moment] of events.slice(0, -1).entries()) {
    for (const place of [layout, empty]) {
      const controller = new AbortController();
      const reason = new Error(`aborted at event ${moment}`);
      let now = 0;
      const onEvent = () => void (now++ === moment && controller.abort(reason));
      const { signal } = controller;
      const copied = copyImage(from, transport.parseReference(`${place}:v1`), { signal, onEvent });
      await expect(copied).rejects.toBe(reason);
      expect(await contentOf(folder)).toEqual(before);
    }
  }
});
