import { copyImage, digestOf, openImage, Transports } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { findProgram, outputOf } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";
import { archivedFixtures, fixture, hasFixtures } from "./fixtures.ts";

const transports = new Transports([dockerArchive(), ociArchive()]);
const skopeo = findProgram("skopeo");

describe.skipIf(!hasFixtures)("an archive of another project", () => {
  test.each(archivedFixtures)("%s:%s is read to the last byte", async (transport, name) => {
    const reference = transports.parse(`${transport}:${fixture(name)}`);
    const { blobs } = await copyImage(reference, memory().parseReference("out"));
    expect(blobs.copied).toBe(2);
  });

  test("without a name has the same digest as with containers/image", async () => {
    const [[transport, name] = ["", ""]] = archivedFixtures;
    await using image = await openImage(transports.parse(`${transport}:${fixture(name)}`));
    expect(image.instance.digest).toBe(
      "sha256:bb2f20bd49a554571b609d7da986233682477cb5b10ad6e939e1e31a926bf4e3",
    );
  });

  test.skipIf(skopeo === undefined).each(archivedFixtures)(
    "%s:%s has the manifest and the config that skopeo sees",
    async (transport, name) => {
      const text = `${transport}:${fixture(name)}`;
      await using image = await openImage(transports.parse(text));
      const run = async (...args: readonly string[]): Promise<string> =>
        outputOf(skopeo ?? "", "inspect", "--raw", ...args, text);
      const manifest = Buffer.from(image.manifest.bytes).toString();
      expect(await run()).toBe(hasLinkedLayer(name) ? withoutLayerSize(manifest) : manifest);
      expect(digestOf(Buffer.from(await run("--config")))).toBe(image.configInfo?.digest);
    },
  );

  test("with two images requires a name, and the error lists the names", async () => {
    const reference = transports.parse(
      `docker-archive:${fixture("containers-common/libimage/testdata/docker-two-images.tar.xz")}`,
    );
    await expect(reference.newImageSource()).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining(
        "example.com/empty:latest, example.com/empty/but:different, @0 to @1",
      ) as string,
    });
  });
});

test.skipIf(skopeo === undefined || !hasFixtures)("skopeo and the fixtures are available", () => {
  expect(skopeo).toBeDefined();
});

function hasLinkedLayer(name: string): boolean {
  return name.endsWith("but:different");
}

/** skopeo reports the size of the link for a layer that is a link. */
function withoutLayerSize(manifest: string): string {
  return manifest.replace('"size":1536', '"size":0');
}
