import path from "node:path";

import { hexOf } from "@drayage/core";
import { ended, startProgram } from "@drayage/test-support";
import { isThere, randomImage, writeImage } from "@drayage/testkit";
import type { S3Server } from "@drayage/testkit";
import { expect, test } from "vitest";

import type { S3Settings } from "../src/index.ts";
import { startBucket, transportTo } from "./bucket.ts";

const program = path.join(import.meta.dirname, "copy-and-die.ts");
const options = { layerSize: 6 << 20 };

function settingsFor({ access }: S3Server, settings: S3Settings): string {
  return JSON.stringify({ ...access, partSize: 5 << 20, ...settings });
}

test.each([true, false])(
  "processes that copy into one prefix at once lose nothing; conditions kept: %s",
  async (conditionalWrites) => {
    await using server = await startBucket();
    const settings = settingsFor(server, { conditionalWrites });
    const tags = ["v0", "v1", "v2", "v3"];
    const copies = tags.map((tag) =>
      startProgram(program, settings, `image ${tag}`, `//bucket/a:${tag}`),
    );
    expect(await Promise.all(copies.map(ended))).toEqual([0, 0, 0, 0]);
    for (const tag of tags) {
      const reference = transportTo(server).parseReference(`//bucket/a:${tag}`);
      await isThere(reference, await randomImage(`image ${tag}`, options));
    }
  },
);

/** Each blob is begun and done; after the manifest there is only the commit. */
const moments = ["0", "2", "4", "5", "6", "7", "manifest-written"];

test("killed at any moment, a copy shows nothing, and the next run sends no finished blob again", async () => {
  await using server = await startBucket();
  const settings = settingsFor(server, { conditionalWrites: true });
  const before = await randomImage("before");
  await writeImage(before, transportTo(server).parseReference("//bucket/a:before"));
  for (const moment of moments) {
    const copy = startProgram(program, settings, "killed", "//bucket/a:tag", moment);
    expect(await ended(copy)).toBe("SIGKILL");
    const reference = transportTo(server).parseReference("//bucket/a:before");
    expect(await reference.getImageNames()).toEqual(["before"]);
  }
  const finished = server.bucket().keys("a/blobs");
  server.clear();
  expect(await ended(startProgram(program, settings, "killed", "//bucket/a:tag"))).toBe(0);
  const image = await randomImage("killed", options);
  await isThere(transportTo(server).parseReference("//bucket/a:tag"), image);
  await isThere(transportTo(server).parseReference("//bucket/a:before"), before);
  const sent = server.requests.filter(({ operation = "", key }) => {
    return /^(?:PutObject|UploadPart)$/.test(operation) && key.startsWith("a/blobs");
  });
  expect(sent.map(({ key }) => key).filter((key) => finished.includes(key))).toEqual([]);
  const blobs = [...image.blobs.keys()].map(hexOf);
  expect(finished.some((key) => blobs.some((hex) => key.endsWith(hex)))).toBe(true);
});
