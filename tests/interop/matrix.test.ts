import { mkdir } from "node:fs/promises";
import path from "node:path";

import { copyImage, isArtifact, parseManifest } from "@drayage/core";
import type { CopyOptions, ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { isTorture } from "@drayage/test-support";
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
const allPairs = kinds.flatMap((from) => kinds.map((to) => ({ from, to })));
/** Every place to and from a representative of each kind, and within itself. `npm run torture` runs all pairs. */
const pairs = allPairs.filter(
  ({ from, to }) =>
    isTorture || from === to || from.represents !== undefined || to.represents !== undefined,
);
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

/** Whether it is kept there at all. */
function isKept(image: WholeImage, { preserves = "everything" }: PlaceKind): boolean {
  const manifest = parseManifest(image.manifest);
  return (
    preserves === "everything" ||
    manifest.kind === "index" ||
    (manifest.kind === "image" && !isArtifact(manifest))
  );
}

/** All of an index, where all places on its way take indexes. */
function selectionFor(...kindsOnTheWay: readonly PlaceKind[]): CopyOptions {
  const takeIndexes = kindsOnTheWay.every(({ indexes = true }) => indexes);
  return { instances: takeIndexes ? "all" : "system", platform };
}

describe("what was in one place arrives in another", () => {
  const filled = new Map<string, FilledPlace>();
  const open: AsyncDisposable[] = [];

  beforeAll(async () => {
    const folder = await temporaryFolder();
    open.push(folder);
    const here = kinds.filter(({ isHere = true }) => isHere);
    await Promise.all(here.map(async (kind) => fill(kind, folder.path)));
  });

  afterAll(async () => {
    for (const one of open.toReversed()) await one[Symbol.asyncDispose]();
  });

  async function fill(kind: Kind, folder: string): Promise<void> {
    const own = path.join(folder, kind.name.replaceAll(" ", "-"));
    await mkdir(own);
    const place = await kind.open(own);
    if (place.server !== undefined) open.push(place.server);
    const images = (await imagesOf(kind.name)).filter((image) => isKept(image, kind));
    const stored = images.map(async (image) => {
      const reference = place.fresh();
      await copyImage(await inMemory(image), reference, selectionFor(kind));
      return { image, reference };
    });
    filled.set(kind.name, { place, stored: await Promise.all(stored) });
  }

  function filledPlace({ name }: Kind): FilledPlace {
    const place = filled.get(name);
    if (place === undefined) throw new Error(`${name} is not open`);
    return place;
  }

  test.for(pairs)("from $from.name to $to.name", async ({ from, to }, { skip }) => {
    skip(from.isHere === false || to.isHere === false, "needs what is not installed here");
    const isExact = [from, to].every(({ preserves = "everything" }) => preserves === "everything");
    const selection = selectionFor(from, to);
    const { place } = filledPlace(to);
    const kept = filledPlace(from).stored.filter(({ image }) => isKept(image, to));
    const copies = kept.map(async ({ image, reference }) => {
      const destination = place.fresh();
      const expected = selection.instances === "all" ? image : firstImageOf(image);
      await copyImage(reference, destination, selection);
      await (isExact ? isExactly(destination, expected) : hasContent(destination, expected));
    });
    await Promise.all(copies);
  });
});

type Kind = (typeof kinds)[number];

/** A place with images of its own, as they were before they came there. */
interface FilledPlace {
  readonly place: Place;
  readonly stored: readonly { readonly image: WholeImage; readonly reference: ImageReference }[];
}
