import { writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, hexOf } from "@drayage/core";
import { inMemory, randomImage, randomIndex, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { ociLayout } from "@drayage/transport-oci-layout";
import { describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../../drayage.ts";

const image = await randomImage("verified", { layers: 2 });
const [damaged] = image.layers.map(({ digest }) => hexOf(digest));

interface ImageFolder extends AsyncDisposable {
  readonly name: string;
  readonly damage: () => Promise<void>;
}

async function imageFolder(): Promise<ImageFolder> {
  const folder = await temporaryFolder();
  await writeImage(image, directory().parseReference(folder.path));
  return {
    name: `dir:${folder.path}`,
    damage: () => writeFile(path.join(folder.path, damaged ?? ""), "other bytes"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("verify", () => {
  test("reports what was read of a valid image", async () => {
    await using folder = await imageFolder();
    const { code, stdout, stderr } = await drayage("verify", folder.name);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^dir:\S+ is valid\n {2}1 manifest \(\S+ k?B\) read\n {2}3 blobs \(\S+ kB\) read\n$/,
    );
    expect(stderr).toMatch(/^Verifying dir:\S+: 3 blobs/);
    const quiet = await drayage("verify", "--quiet", folder.name);
    expect(quiet).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  test("fails and reports the problems, as text or as JSON", async () => {
    await using folder = await imageFolder();
    await folder.damage();
    const { code, stdout, stderr } = await drayage("verify", "--quiet", folder.name);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`layer sha256:${damaged} of ${folder.name}`));
    expect(stderr).toMatch(/^drayage: dir:\S+ is not valid: 1 problem\n$/);
    const json = await drayage("verify", "--json", folder.name);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      source: folder.name,
      images: 1,
      read: { count: 2 },
      problems: [{ kind: "wrong-size", part: "layer", digest: `sha256:${damaged}` }],
    });
  });

  test("--progress=json prints events", async () => {
    await using folder = await imageFolder();
    await folder.damage();
    const { code, stdout } = await drayage("verify", "--progress=json", folder.name);
    expect(code).toBe(1);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly kind: string });
    expect(events.filter(({ kind }) => kind === "blob-checked")).toHaveLength(3);
    expect(events.filter(({ kind }) => kind === "problem")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: "verified", result: { problems: [{}] } });
  });

  test("verifies all images of a layout, or some platforms of one", async () => {
    await using folder = await temporaryFolder();
    const layout = `oci:${folder.path}`;
    const index = await randomIndex("several");
    const to = (tag: string): ReturnType<ReturnType<typeof ociLayout>["parseReference"]> =>
      ociLayout().parseReference(`${folder.path}:${tag}`);
    await copyImage(await inMemory(index), to("index"), { instances: "all" });
    await writeImage(image, to("image"));
    const all = await drayage("verify", "--json", layout);
    expect(JSON.parse(all.stdout)).toMatchObject({ images: 2, problems: [] });
    const one = await drayage("verify", "--json", "--platform=linux/amd64", `${layout}:index`);
    expect(JSON.parse(one.stdout)).toMatchObject({ images: 1, manifests: { count: 2 } });
    const none = await drayage("verify", "--platform=plan9/amd64", `${layout}:index`);
    expect([none.code, none.stdout]).toEqual([2, ""]);
  });

  test.each([
    [2, ["dir:nothing"]],
    [1, ["--json", "--progress=json", "dir:nothing"]],
    [1, ["--quiet", "--progress=plain", "dir:nothing"]],
  ])("exits with %i for %j", async (code, words) => {
    expect(await drayage("verify", ...words)).toMatchObject({ code, stdout: "" });
  });
});
