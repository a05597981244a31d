import { copyImage, mediaTypes, openImage } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { inMemory, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { docker } from "../../src/index.ts";

const {
  ociManifest,
  ociIndex,
  ociConfig,
  dockerManifest,
  dockerList,
  dockerConfig,
  dockerSchema1Signed,
} = mediaTypes;
const ofDocker = { format: "docker" } as const;

/** The number of complete blob uploads. */
function uploads({ requests }: Registry): number {
  return requests.filter(({ method, path, status }) => {
    return method === "PUT" && path.includes("/blobs/uploads/") && status === 201;
  }).length;
}

test.each([
  ["OCI", await randomImage("rejected"), [dockerManifest, dockerList], dockerConfig],
  ["Docker's", await randomImage("rejected", ofDocker), [ociManifest, ociIndex], ociConfig],
])(
  "a registry that rejects %s manifests receives the other kind, and each layer once",
  async (_, image, manifestTypes, configType) => {
    await using registry = await startRegistry({ manifestTypes });
    const to = docker().parseReference(`//${registry.host}/a:1`);
    const result = await copyImage(await inMemory(image), to);
    await using copy = await openImage(to);
    expect(copy.manifest.digest).toBe(result.digest);
    expect(copy.configInfo?.mediaType).toBe(configType);
    expect(result.changes).toMatchObject([{ from: image.manifest.digest, to: result.digest }]);
    const rewrittenConfigs = copy.configInfo && image.blobs.has(copy.configInfo.digest) ? 0 : 1;
    expect(uploads(registry)).toBe(image.blobs.size + rewrittenConfigs);
  },
);

test.each([
  ["OCI", await randomIndex("rejected"), [dockerManifest, dockerList]],
  ["Docker's", await randomIndex("rejected", ofDocker), [ociManifest, ociIndex]],
] as const)(
  "a registry that rejects %s indexes and manifests receives the other kinds",
  async (_, index: WholeImage, manifestTypes) => {
    await using registry = await startRegistry({ manifestTypes });
    const to = docker().parseReference(`//${registry.host}/a:1`);
    const { manifest } = await copyImage(await inMemory(index), to, { instances: "all" });
    const parsed = parseManifest(manifest);
    expect(parsed.mediaType).toBe(manifestTypes[1]);
    const types = parsed.kind === "index" ? parsed.manifests.map((one) => one.mediaType) : [];
    expect(new Set(types)).toEqual(new Set([manifestTypes[0]]));
    for (const platform of [{ os: "linux", architecture: "amd64" }]) {
      await using image = await openImage(to, { platform });
      expect(await image.inspect()).toMatchObject(platform);
    }
  },
);

test("a registry that rejects every type gets all of them in order, and the error has each reason", async () => {
  await using registry = await startRegistry({ manifestTypes: [] });
  const to = docker().parseReference(`//${registry.host}/a:1`);
  const image = await randomImage("rejected", ofDocker);
  const error: unknown = await copyImage(await inMemory(image), to).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: "manifest-rejected" });
  const { message } = error as Error;
  const positions = [dockerManifest, ociManifest, dockerSchema1Signed].map((type) =>
    message.indexOf(`${type}: `),
  );
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  expect(positions[0]).toBeGreaterThan(0);
  expect(registry.requests.filter(isManifestPut)).toHaveLength(3);
});

function isManifestPut({ method, path }: Registry["requests"][number]): boolean {
  return method === "PUT" && path.includes("/manifests/");
}
