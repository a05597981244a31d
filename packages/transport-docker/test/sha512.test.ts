import { copyImage, parseDigest } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startRegistry } from "@drayage/registry";
import type { RegistrySettings } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { assertImage, inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { docker } from "../src/index.ts";

const image = await randomImage("sha512", { digestAlgorithm: "sha512", layers: 1 });
const { digest } = image.manifest;
const transport = docker();

/** Copies the image and returns the requests, without the hex digits of digests. */
async function requestsOf(settings: RegistrySettings): Promise<readonly string[]> {
  await using registry = await startRegistry(settings);
  const to = transport.parseReference(`//${registry.host}/a:tag`);
  const result = await copyImage(await inMemory(image), to);
  expect(result).toMatchObject({ digest, changes: [] });
  await assertImage(to, image);
  await assertImage(transport.parseReference(`//${registry.host}/a@${digest}`), image);
  return registry.requests.map(({ method, path, query }) =>
    `${method} ${path}?${query}`.replaceAll(/[0-9a-f]{128}/g, "HEX"),
  );
}

test("uploads name their algorithm, and the manifest is pushed by its digest with the tag", async () => {
  const requests = await requestsOf({});
  expect(requests).toContain("POST /v2/a/blobs/uploads/?digest-algorithm=sha512");
  expect(requests.filter((one) => one.includes("PUT /v2/a/manifests"))).toEqual([
    "PUT /v2/a/manifests/sha512:HEX?tag=tag",
  ]);
});

test("a registry without tag parameters gets the manifest a second time", async () => {
  const requests = await requestsOf({ tagParameters: false });
  expect(requests.filter((one) => one.includes("PUT /v2/a/manifests"))).toEqual([
    "PUT /v2/a/manifests/sha512:HEX?tag=tag",
    "PUT /v2/a/manifests/tag?digest=sha512%3AHEX",
  ]);
});

test("a registry that knows sha256 only rejects the upload before a byte is sent", async () => {
  await using registry = await startRegistry({ digestAlgorithms: ["sha256"] });
  const to = transport.parseReference(`//${registry.host}/a:tag`);
  await expect(copyImage(await inMemory(image), to)).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("sha512"),
  });
  const sent = registry.requests.filter(({ method }) => method === "PUT" || method === "PATCH");
  expect(sent).toEqual([]);
});

test("a manifest is verified with the algorithm of the digest that the reference names", async () => {
  const other = parseDigest(`sha512:${"0".repeat(128)}`);
  const { bytes, mediaType } = image.manifest;
  await using registry = await startRegistry({
    intercept: ({ path }) =>
      path.endsWith(other)
        ? { status: 200, headers: { "Content-Type": mediaType }, body: bytes }
        : undefined,
  });
  const wrong = transport.parseReference(`//${registry.host}/a@${other}`);
  await expect(copyImage(wrong, memory().parseReference("out"))).rejects.toMatchObject({
    code: "digest-mismatch",
  });
});

test.runIf(distributionProgram !== undefined)(
  "Docker Distribution stores blobs with sha512 digests, but rejects manifests",
  async () => {
    await using server = await startDistribution();
    const withSha256 = { ...image, manifest: { ...image.manifest, digest: undefined } };
    const from = memory().parseReference("from");
    await using destination = await from.newImageDestination();
    for (const [name, bytes] of image.blobs)
      await destination.putBlob(asStream(bytes), { digest: name, size: bytes.byteLength });
    await destination.putManifest(withSha256.manifest);
    await destination.commit();
    const to = transport.parseReference(`//${server.host}/a:tag`);
    await copyImage(from, to);
    await assertImage(to, image);
    const whole = transport.parseReference(`//${server.host}/b:tag`);
    await expect(copyImage(await inMemory(image), whole)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("sha512"),
    });
  },
);

async function* asStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
