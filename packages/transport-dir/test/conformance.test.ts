import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { hexOf } from "@drayage/core";
import { conformance } from "@drayage/testkit";
import { afterAll, test } from "vitest";

import { directory } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-dir-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const transport = directory();
let count = 0;

const checks = await conformance({
  transport,
  freshReference: () => transport.parseReference(path.join(folder, String(count++))),
  recordsDigest: false,
  async damageBlob({ stringWithinTransport }, digest) {
    await using blob = await open(path.join(stringWithinTransport, hexOf(digest)), "r+");
    await blob.write("#", 0);
  },
});

for (const { name, run } of checks) test(name, run);
