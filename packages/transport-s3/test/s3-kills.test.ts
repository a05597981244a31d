import type { ChildProcess } from "node:child_process";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";

import { copyImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startS3 } from "@drayage/mock-servers";
import type { LoggedS3Request, S3Bucket } from "@drayage/mock-servers";
import { ended, imageNames, isTorture, scratchFolder, startProgram } from "@drayage/test-support";
import { assertImage, randomImage, writeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import type { S3Settings } from "../src/index.ts";
import { destinationOf, sourceOf } from "./seeded-copies.ts";
import type { SeededCopy } from "./seeded-copies.ts";

const partSize = 1 << 20;
const to = "//bucket/a:new";
const program = path.join(import.meta.dirname, "copy-seeded.ts");
const before = await randomImage("before", { layers: 1 });
/** The share of seeds to run. `npm run torture` runs all of them. */
const share = isTorture ? 1 : 0.1;

test.each([
  ["with known digests", false, 70],
  ["that compresses layers", true, 30],
] as const)(
  "a copy %s, killed at any request, is resumed and leaves no garbage",
  async (_, compressesLayers, most) => {
    const copy = { seed: "killed", partSize, compressesLayers };
    const whole = await undisturbed(copy);
    const folder = await scratchFolder();
    const count = Math.ceil(most * share);
    const seeds = Array.from({ length: count }, (__, seed) => seed).values();
    let kills = 0;
    const lane = async (): Promise<void> => {
      for (const seed of seeds) {
        const moments = momentsOf(seed, count, whole.moments);
        const one = await killedAt(moments, copy, path.join(folder, `${seed}`));
        expect(one.digest).toBe(whole.digest);
        kills += one.kills;
      }
    };
    await Promise.all([lane(), lane()]);
    expect(kills).toBeGreaterThanOrEqual(count);
  },
  300_000,
);

const options = { minPartSize: partSize, equalParts: true, checksums: false };

/** The number of moments of an undisturbed copy, and the digest of its image. */
async function undisturbed(copy: SeededCopy): Promise<{ moments: number; digest: string }> {
  let moments = 0;
  await using server = await startS3({ ...options, watch: () => void moments++ });
  const settings = { ...server.access, conditionalWrites: true };
  await writeImage(before, destinationOf(copy, settings, "//bucket/a:before"));
  moments = 0;
  expect(await ended(startCopy(copy, settings))).toBe(0);
  const ofCopy = moments;
  return { moments: ofCopy, digest: await digestOf(destinationOf(copy, settings, to)) };
}

function startCopy(copy: SeededCopy, settings: S3Settings): ChildProcess {
  return startProgram(program, JSON.stringify(copy), JSON.stringify(settings), to);
}

/** The digest of an image, after all of it was read and verified. */
async function digestOf(image: ImageReference): Promise<string> {
  const read = memory().parseReference("read");
  return (await copyImage(image, read, { instances: "all" })).digest;
}

/** The moments at which a copy is killed. Over all seeds, every moment occurs; some copies are killed again. */
function momentsOf(seed: number, count: number, all: number): readonly number[] {
  const first = Math.floor((seed * all) / count);
  const next = [(seed * 7919) % all, (seed * 104_729) % all];
  return [first, ...next.slice(0, Math.max((seed % 10) - 7, 0))];
}

/** Kills a copying process at each of these moments, then lets a copy complete, and checks the bucket. */
async function killedAt(
  moments: readonly number[],
  copy: SeededCopy,
  journal: string,
): Promise<{ digest: string; kills: number }> {
  let victim: { readonly child: ChildProcess; left: number } | undefined;
  const watch = async (): Promise<void> => {
    if (victim === undefined || victim.left-- > 0) return;
    victim.child.kill("SIGKILL");
    await ended(victim.child);
    throw new Error("the client is gone");
  };
  await using server = await startS3({ ...options, watch });
  const settings = { ...server.access, conditionalWrites: true, journal };
  const earlier = destinationOf(copy, settings, "//bucket/a:before");
  await writeImage(before, earlier);
  let finished: ReadonlySet<string> = new Set();
  let kills = 0;
  for (const left of moments) {
    server.clear();
    victim = { child: startCopy(copy, settings), left };
    const end = await ended(victim.child);
    expect([0, "SIGKILL"]).toContain(end);
    if (end === "SIGKILL") kills++;
    await heard();
    victim = undefined;
    expect(sentAgain(server.requests, finished)).toEqual([]);
    finished = finishedIn(server.bucket());
    const shown = await imageNames(earlier);
    expect(shown).toContain("before");
    for (const name of shown) await digestOf(destinationOf(copy, settings, `//bucket/a:${name}`));
  }
  server.clear();
  const destination = destinationOf(copy, settings, to);
  await copyImage(await sourceOf(copy), destination, { instances: "all" });
  expect(sentAgain(server.requests, finished)).toEqual([]);
  expect(server.bucket().uploads()).toEqual([]);
  expect(server.bucket().keys("a/blobs/_drayage")).toEqual([]);
  expect(await readdir(journal).catch(() => [])).toEqual([]);
  await assertImage(earlier, before);
  return { digest: await digestOf(destination), kills };
}

/** Waits until the server has processed the requests of a killed process. */
async function heard(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
}

/** The blobs, and the parts of blobs with known digests. */
function finishedIn(bucket: S3Bucket): ReadonlySet<string> {
  const parts = bucket.uploads().flatMap(({ key, parts: numbers }) => {
    return numbers.map((number) => `${key} ${number}`);
  });
  return new Set([...bucket.keys("a/blobs"), ...parts]);
}

function sentAgain(
  requests: readonly LoggedS3Request[],
  finished: ReadonlySet<string>,
): readonly string[] {
  const sent = requests.flatMap(({ operation, key, query }) => {
    if (operation === "PutObject") return [key];
    const number = new URLSearchParams(query).get("partNumber");
    return operation === "UploadPart" ? [key, `${key} ${number}`] : [];
  });
  return sent.filter((one) => finished.has(one));
}
