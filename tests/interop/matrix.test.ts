import { mkdir } from "node:fs/promises";
import path from "node:path";

import { copyImage, isArtifact, parseManifest } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import {
  firstImageOf,
  hasContent,
  inMemory,
  isThere,
  randomArtifact,
  randomImage,
  randomIndex,
} from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, test } from "vitest";

import { placeKinds, temporaryFolder } from "./places.ts";
import type { Place, PlaceKind } from "./places.ts";

const kinds = Object.entries<PlaceKind>(placeKinds).map(([name, kind]) => ({ name, ...kind }));
const pairs = kinds.flatMap((from) => kinds.map((to) => ({ from, to })));
const platform = { os: "linux", architecture: "amd64" };

/** By way of a memory, so that all of it is checked against its digests. */
async function isExactly(reference: ImageReference, image: WholeImage): Promise<void> {
  const out = memory().parseReference("out");
  await copyImage(reference, out, { instances: "all" });
  await isThere(out, image);
}

async function imagesOf(seed: string): Promise<readonly WholeImage[]> {
  return Promise.all([
    randomImage(seed),
    randomImage(seed, { format: "docker" }),
    randomIndex(seed),
    randomIndex(seed, { format: "docker" }),
    randomArtifact(seed),
  ]);
}

describe("what was in one place arrives in another", () => {
  const places = new Map<string, Place>();
  const open: AsyncDisposable[] = [];

  beforeAll(async () => {
    const folder = await temporaryFolder();
    open.push(folder);
    for (const { name, open: openPlace } of kinds.filter(({ isHere = true }) => isHere)) {
      const own = path.join(folder.path, name.replaceAll(" ", "-"));
      await mkdir(own);
      const place = await openPlace(own);
      if (place.server !== undefined) open.push(place.server);
      places.set(name, place);
    }
  });

  afterAll(async () => {
    for (const one of open.toReversed()) await one[Symbol.asyncDispose]();
  });

  function placeOf({ name }: (typeof kinds)[number]): Place {
    const place = places.get(name);
    if (place === undefined) throw new Error(`${name} is not open`);
    return place;
  }

  test.for(pairs)("from $from.name to $to.name", async ({ from, to }, { skip }) => {
    skip(from.isHere === false || to.isHere === false, "needs docker-registry and openssl");
    const isExact = [from, to].every(({ preserves = "everything" }) => preserves === "everything");
    const both = from.indexes !== false && to.indexes !== false;
    const copyOne = async (image: WholeImage): Promise<void> => {
      const manifest = parseManifest(image.manifest);
      if (!isExact && manifest.kind === "image" && isArtifact(manifest)) return;
      const [source, destination] = [placeOf(from).fresh(), placeOf(to).fresh()];
      const expected = both ? image : firstImageOf(image);
      const selection = { instances: both ? "all" : "system", platform } as const;
      await copyImage(await inMemory(image), source, selection);
      await copyImage(source, destination, selection);
      await (isExact ? isExactly(destination, expected) : hasContent(destination, expected));
    };
    await Promise.all((await imagesOf(`${from.name} to ${to.name}`)).map(copyOne));
  });
});
