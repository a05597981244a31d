import { expect, test } from "vitest";

import { dockerImageNamesIn } from "../src/docker-archive/docker-archive.ts";
import type { TarArchive } from "../src/tar/tar-archive.ts";

function archiveOf(images: readonly object[]): TarArchive {
  const content = Buffer.from(JSON.stringify(images));
  return { location: "a.tar", readSmall: async () => content } as unknown as TarArchive;
}

test("a name selects the first image that has it", async () => {
  const one = { Config: "1.json", RepoTags: ["a/b:1", "a/b:2"], Layers: [] };
  const other = { Config: "2.json", RepoTags: ["a/b:2"], Layers: [] };
  expect(await dockerImageNamesIn(archiveOf([one, other, one]))).toEqual(["a/b:1", "a/b:2", "@1"]);
});

test.each([
  ["null", null, ["@0"]],
  ["a list with null in it", [null, "a/b:1"], ["a/b:1"]],
])("RepoTags may be %s", async (_, tags, names) => {
  const image = { Config: "1.json", RepoTags: tags, Layers: null };
  expect(await dockerImageNamesIn(archiveOf([image]))).toEqual(names);
});

test("tens of thousands of images are listed in linear time", { timeout: 20_000 }, async () => {
  const images = Array.from({ length: 50_000 }, (_, at) => ({
    Config: "c.json",
    RepoTags: [`a/b:${at}`],
    Layers: [`${at}`],
  }));
  expect(await dockerImageNamesIn(archiveOf(images))).toHaveLength(images.length);
});
