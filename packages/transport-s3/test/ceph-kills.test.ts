import type { ChildProcess } from "node:child_process";
import { readdir } from "node:fs/promises";
import path from "node:path";

import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { copyImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { ended, isTorture, scratchFolder, startProgram } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { Bucket } from "../src/client/bucket.ts";
import { Connection } from "../src/client/connection.ts";
import { listParts } from "../src/uploads/stored-parts.ts";
import { listUploads } from "../src/uploads/uploads.ts";
import { destinationOf, sourceOf } from "./seeded-copies.ts";
import { startWatchedLine } from "./watched-line.ts";

/** How many requests a copy sends before it is killed. */
const moments = isTorture ? [25, 36, 45, 52, 60] : [36, 52];
const copy = { seed: "killed", partSize: 5 << 20, compressesLayers: false };
const program = path.join(import.meta.dirname, "copy-seeded.ts");

test.skipIf(!isCephInstalled)(
  "at Ceph a killed copy is resumed and leaves no garbage",
  async () => {
    await using ceph = await startCeph();
    await new S3Client(ceph.access).send(new CreateBucketCommand({ Bucket: "bucket" }));
    let victim: { readonly child: ChildProcess; left: number } | undefined;
    let asked: string[] = [];
    let saved = 0;
    const { endpoint } = ceph.access;
    await using line = await startWatchedLine(endpoint, async (what, moment) => {
      if (moment === "arrived") asked.push(what);
      if (victim === undefined || victim.left-- > 0) return;
      victim.child.kill("SIGKILL");
      await ended(victim.child);
      throw new Error("the client is gone");
    });
    const bucket = new Bucket("bucket", new Connection(ceph.access));
    for (const [round, left] of moments.entries()) {
      const journal = await scratchFolder();
      const settings = { ...ceph.access, endpoint: line.origin, journal };
      const to = `//bucket/${round}:new`;
      const before = destinationOf(copy, settings, `//bucket/${round}:before`);
      await writeImage(await randomImage("before", { layers: 1 }), before);
      const words = [copy, settings].map((one) => JSON.stringify(one));
      victim = { child: startProgram(program, ...words, to), left };
      expect(await ended(victim.child)).toBe("SIGKILL");
      victim = undefined;
      const finished = await partsIn(bucket);
      saved += finished.length;
      asked = [];
      const destination = destinationOf(copy, settings, to);
      await copyImage(await sourceOf(copy), destination, { instances: "all" });
      const sentAgain = asked.filter((one) => finished.some((part) => one.startsWith(part)));
      expect(sentAgain).toEqual([]);
      expect(await partsIn(bucket)).toEqual([]);
      expect(await readdir(journal)).toEqual([]);
      await copyImage(destination, memory().parseReference("read"), { instances: "all" });
    }
    expect(saved).toBeGreaterThan(0);
  },
  180_000,
);

/** The parts of incomplete blobs. */
async function partsIn(bucket: Bucket): Promise<readonly string[]> {
  const parts: string[] = [];
  for await (const upload of listUploads(bucket, "", {})) {
    const { key } = upload;
    for (const number of (await listParts(bucket, upload, {})).keys())
      parts.push(`PUT /bucket/${key}?partNumber=${number}&`);
  }
  return parts;
}
