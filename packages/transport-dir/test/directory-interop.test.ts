import { existsSync } from "node:fs";
import path from "node:path";

import { copyImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { findProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { assertImage, randomImage, randomIndex, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { directory } from "../src/index.ts";

const transport = directory();
const skopeo = findProgram("skopeo");
const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../shared/fixtures/containers-image/signature/fixtures",
);

describe.skipIf(skopeo === undefined)("skopeo", () => {
  const run = async (...args: readonly string[]) =>
    outputOf(skopeo ?? "", "--insecure-policy", ...args);

  test.each([
    ["an image", randomImage("one")],
    ["an index", randomIndex("index")],
    ["Docker's", randomIndex("docker", { format: "docker" })],
  ])("reads %s that Drayage wrote, and Drayage reads its copy", async (_, made) => {
    const image = await made;
    const folder = await scratchFolder();
    const [ours, theirs] = [path.join(folder, "ours"), path.join(folder, "theirs")];
    await writeImage(image, transport.parseReference(ours));
    await run("copy", "--quiet", "--all", `dir:${ours}`, `dir:${theirs}`);
    await assertImage(transport.parseReference(theirs), image);
  });

  test("and Drayage replace each other's images", async () => {
    const folder = await scratchFolder();
    const [from, both] = [path.join(folder, "from"), path.join(folder, "both")];
    const [one, two] = [await randomImage("one"), await randomIndex("two")];
    await writeImage(one, transport.parseReference(from));
    await writeImage(two, transport.parseReference(both));
    await run("copy", "--quiet", `dir:${from}`, `dir:${both}`);
    await assertImage(transport.parseReference(both), one);
    await writeImage(two, transport.parseReference(both));
    await run("inspect", "--raw", `dir:${both}`);
    await assertImage(transport.parseReference(both), two);
  });
});

describe.skipIf(!existsSync(fixtures))("the fixtures of containers/image", () => {
  test.each([
    ["dir-img-unsigned", []],
    ["dir-img-valid", ["simple-signing"]],
    ["dir-img-cosign-valid", ["sigstore"]],
    ["dir-img-cosign-valid-2", ["sigstore", "sigstore"]],
    ["dir-img-mixed", ["simple-signing", "simple-signing"]],
  ])("%s has the signatures %j", async (name, kinds) => {
    await using source = await transport.parseReference(path.join(fixtures, name)).newImageSource();
    expect((await source.getManifest()).bytes.byteLength).toBeGreaterThan(0);
    expect((await source.getSignatures()).map(({ kind }) => kind)).toEqual(kinds);
  });
});

test("an absent image is not found", async () => {
  const reference = transport.parseReference(path.join(await scratchFolder(), "image"));
  const copied = copyImage(reference, memory().parseReference("out"));
  await expect(copied).rejects.toMatchObject({ code: "not-found" });
});

test.skipIf(skopeo === undefined)("skopeo is installed", () => {
  expect(skopeo).toBeDefined();
});
