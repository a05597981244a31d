import { copyImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import {
  distributionProgram,
  isThere,
  randomArtifact,
  randomImage,
  randomIndex,
  startDistribution,
  startRegistry,
  writeImage,
} from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { Places, temporaryFolder } from "./places.ts";

const registries = {
  "the testkit's registry": { isHere: true, start: () => startRegistry() },
  "Docker Distribution": {
    isHere: distributionProgram !== undefined,
    start: () => startDistribution(),
  },
};

const images = {
  "an OCI image": () => randomImage("matrix"),
  "a docker image": () => randomImage("matrix", { format: "docker" }),
  "an OCI index": () => randomIndex("matrix"),
  "a docker list": () => randomIndex("matrix", { format: "docker" }),
  "an artifact": () => randomArtifact("matrix"),
};

const pairs = Places.kinds.flatMap((from) => Places.kinds.map((to) => [from, to] as const));

describe.each(Object.entries(registries))("with %s", (_, { isHere, start }) => {
  describe.skipIf(!isHere)("the same digest arrives", () => {
    let places: Places;
    const open: AsyncDisposable[] = [];

    beforeAll(async () => {
      const folder = await temporaryFolder();
      const registry = await start();
      open.push(registry, folder);
      places = new Places(folder.path, registry.host);
    });

    afterAll(async () => {
      for (const one of open) await one[Symbol.asyncDispose]();
    });

    test.each(pairs)("from %s to %s", async (from, to) => {
      for (const make of Object.values(images)) {
        const image = await make();
        const [source, destination] = [places.fresh(from), places.fresh(to)];
        await writeImage(image, source);
        const { digest } = await copyImage(source, destination, { instances: "all" });
        expect(digest).toBe(image.manifest.digest);
        const out = memory().parseReference("out");
        await copyImage(destination, out, { instances: "all" });
        await isThere(out, image);
      }
    });
  });
});
