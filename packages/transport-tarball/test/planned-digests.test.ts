import path from "node:path";

import { copyImage, previewCopy } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { formatPlan } from "@drayage/core/copy";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

/** Previews a copy that changes the digest, copies, and returns the reason. */
async function reasonOf(from: ImageReference, to: ImageReference): Promise<string | undefined> {
  const plan = await previewCopy(from, to);
  const { digest, changes } = await copyImage(from, to);
  expect(digest).not.toBe(plan.top.digest);
  expect(plan.digest).toBeUndefined();
  expect(formatPlan(plan)).toContain("to a digest that is only known after the copy");
  return changes.find((change) => change.to === digest)?.reason;
}

test("the digest is not known before a copy from a docker archive, whose media types may be wrong", async () => {
  const folder = await scratchFolder();
  const archive = dockerArchive().parseReference(`${path.join(folder, "a.tar")}:example.com/a:1`);
  await copyImage(await inMemory(await randomImage("from", { layers: 1 })), archive);
  const to = ociArchive().parseReference(path.join(folder, "b.tar"));
  expect(await reasonOf(archive, to)).toBe("a layer is recompressed");
});

test("the digest is not known before a copy to a docker archive, which generates the manifest", async () => {
  const options = { layers: 1, format: "docker", compression: "none" } as const;
  const from = await inMemory(await randomImage("to", options));
  const file = path.join(await scratchFolder(), "a.tar");
  const to = dockerArchive().parseReference(`${file}:example.com/a:1`);
  const reason = "the destination stores no manifest and generates one";
  expect(await reasonOf(from, to)).toBe(reason);
  expect((await previewCopy(from, to)).digest).toBe((await copyImage(from, to)).digest);
});
