import { copyImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { randomImage, writeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { formatResult } from "../../../src/commands/copy/format-result.ts";

test("a line end in a name does not start a new line", async () => {
  const transport = memory();
  const from = transport.parseReference("a\nCopied docker://forged");
  const to = transport.parseReference("b\nNothing to copy: forged");
  await writeImage(await randomImage("lines"), from);
  const result = await copyImage(from, to);
  expect(formatResult(from, to, result, {}).split("\n")).toEqual([
    expect.stringMatching(/^Copied memory:a; Copied docker:\/\/forged to memory:b; Nothing/),
  ]);
});
