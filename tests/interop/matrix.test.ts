import { mkdir } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import type { CopyOptions, ImageReference } from "@drayage/core";
import { isArtifact, parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { isTorture } from "@drayage/test-support";
import {
  firstImageOf,
  assertContent,
  inMemory,
  assertImage,
  randomArtifact,
  randomImage,
  randomIndex,
} from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, test } from "vitest";

import { storeKinds, temporaryFolder } from "./stores.ts";
import type { Store, StoreKind } from "./stores.ts";

const kinds = Object.entries<StoreKind>(storeKinds).map(([name, kind]) => ({ name, ...kind }));
const allPairs = kinds.flatMap((from) => kinds.map((to) => ({ from, to })));
/** Each store with a representative of each kind, and with itself. `npm run torture` runs all pairs. */
const pairs = allPairs.filter(
  ({ from, to }) => isTorture || from === to || isTested(from, to) || isTested(to, from),
);

function isTested(kind: Kind, { represents }: Kind): boolean {
  return kind.isVariant === true ? represents === "layouts" : represents !== undefined;
}

const platform = { os: "linux", architecture: "amd64" };

/** Copies to memory, which verifies all digests. */
async function isExactly(reference: ImageReference, image: WholeImage): Promise<void> {
  const out = memory().parseReference("out");
  await copyImage(reference, out, { instances: "all" });
  await assertImage(out, image);
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

/** Whether the store keeps the image. */
function isKept(image: WholeImage, { preserves = "everything" }: StoreKind): boolean {
  const manifest = parseManifest(image.manifest);
  return (
    preserves === "everything" ||
    manifest.kind === "index" ||
    (manifest.kind === "image" && !isArtifact(manifest))
  );
}

/** The whole index if all stores on the way support indexes. */
function selectionFor(...kindsOnTheWay: readonly StoreKind[]): CopyOptions {
  const takeIndexes = kindsOnTheWay.every(({ indexes = true }) => indexes);
  return { instances: takeIndexes ? "all" : "system", platform };
}

describe("copies between stores", () => {
  const filled = new Map<string, FilledStore>();
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
    const store = await kind.open(own);
    if (store.server !== undefined) open.push(store.server);
    const images = (await imagesOf(kind.name)).filter((image) => isKept(image, kind));
    const stored = images.map(async (image) => {
      const reference = store.fresh();
      await copyImage(await inMemory(image), reference, selectionFor(kind));
      return { image, reference };
    });
    filled.set(kind.name, { store, stored: await Promise.all(stored) });
  }

  function filledStore({ name }: Kind): FilledStore {
    const store = filled.get(name);
    if (store === undefined) throw new Error(`${name} is not open`);
    return store;
  }

  test.for(pairs)("from $from.name to $to.name", async ({ from, to }, { skip }) => {
    skip(from.isHere === false || to.isHere === false, "needs a server that is not installed");
    const isExact = [from, to].every(({ preserves = "everything" }) => preserves === "everything");
    const selection = selectionFor(from, to);
    const { store } = filledStore(to);
    const kept = filledStore(from).stored.filter(({ image }) => isKept(image, to));
    const copies = kept.map(async ({ image, reference }) => {
      const destination = store.fresh();
      const expected = selection.instances === "all" ? image : firstImageOf(image);
      await copyImage(reference, destination, selection);
      await (isExact ? isExactly(destination, expected) : assertContent(destination, expected));
    });
    await Promise.all(copies);
  });
});

type Kind = (typeof kinds)[number];

/** A store with the original images. */
interface FilledStore {
  readonly store: Store;
  readonly stored: readonly { readonly image: WholeImage; readonly reference: ImageReference }[];
}
