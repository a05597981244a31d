import { rm } from "node:fs/promises";
import path from "node:path";

import { hexOf } from "@drayage/core";
import { verifyImage } from "@drayage/core/verify";
import { scratchFolder } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

test("without a name all images of a layout are verified, and a missing blob is reported with its path", async () => {
  const folder = await scratchFolder();
  const layout = ociLayout();
  const [one, two] = await Promise.all(
    ["one", "two"].map((seed) => randomImage(seed, { layers: 2 })),
  );
  if (one === undefined || two === undefined) return;
  await writeImage(one, layout.parseReference(`${folder}:one`));
  await writeImage(two, layout.parseReference(folder));
  const reference = layout.parseReference(folder);
  expect(await verifyImage(reference)).toMatchObject({
    images: 2,
    read: { count: 6 },
    problems: [],
  });
  const [missing] = two.blobs.keys();
  const file = path.join(folder, "blobs/sha256", hexOf(missing ?? two.manifest.digest));
  await rm(file);
  const { problems } = await verifyImage(reference);
  expect(problems).toMatchObject([{ kind: "missing", image: `oci:${folder}:@1` }]);
  expect(problems[0]?.message).toContain(file);
  expect(await verifyImage(layout.parseReference(`${folder}:one`))).toMatchObject({
    images: 1,
    problems: [],
  });
});
