import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { hexOf } from "@drayage/core";
import { narrowed } from "@drayage/test-support";
import { conformance } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import { ociLayout } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-oci-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const shared = path.join(folder, "shared");

describe.each([
  ["a layout with its own blobs", ociLayout(), undefined, undefined],
  [
    "a layout with shared blobs",
    ociLayout({ sharedBlobDir: shared }),
    shared,
    ["destination/reuse", "destination/dispose", "copy/damaged", "copy/parallel", "delete/"],
  ],
] as const)("%s", async (_, transport, sharedBlobDir, bearsOn) => {
  let count = 0;
  const subject: TransportUnderTest = {
    transport,
    freshReference: () =>
      transport.parseReference(`${folder}/${sharedBlobDir ? "s" : "o"}${count++}:tag`),
    siblingOf: ({ stringWithinTransport }) =>
      transport.parseReference(`${stringWithinTransport}-${count++}`),
    async damageBlob({ stringWithinTransport }, digest) {
      const layout = stringWithinTransport.slice(0, stringWithinTransport.indexOf(":"));
      const blobs = sharedBlobDir ?? path.join(layout, "blobs");
      await using blob = await open(path.join(blobs, "sha256", hexOf(digest)), "r+");
      await blob.write("#", 0);
    },
  };
  const checks = narrowed(await conformance(subject), bearsOn);
  for (const { name, run } of checks) test(name, run);
});
