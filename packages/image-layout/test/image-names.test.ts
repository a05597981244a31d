import { memory } from "@drayage/core/memory";
import { descriptorOf, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { emptyIndex, formatLayoutIndex, imageNamesIn, withImage } from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const reference = memory().parseReference("in-a-layout");

test("images are listed by name, or by position if they have no name", async () => {
  const [one, two] = [await randomImage("one"), await randomImage("two")].map(descriptorOf);
  const layout = new BucketLayout();
  const named = [[one, "v1"] as const, [two, undefined] as const, [one, "v2"] as const];
  const index = named.reduce((sum, [image, name]) => withImage(sum, image!, name), emptyIndex);
  layout.files.set("index.json", formatLayoutIndex(index));
  expect(await imageNamesIn(reference, layout)).toEqual(["v1", "@1", "v2"]);
});

test("listing names fails if there is no layout", async () => {
  const missing = imageNamesIn(reference, new BucketLayout());
  await expect(missing).rejects.toMatchObject({ code: "not-found" });
});
