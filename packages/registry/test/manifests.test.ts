import { Agent } from "node:http";

import { digestOf, mediaTypes } from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import { ask, next, textAndDigest } from "@drayage/test-support";
import type { Reply } from "@drayage/test-support";
import { descriptorOf, randomArtifact, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage, WholeManifest } from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startRegistry } from "../src/registry.ts";
import type { Registry } from "../src/registry.ts";

const image = await randomImage("manifests");
let registry: Registry;

beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => registry[Symbol.asyncDispose]());

async function putBlobs(repository: string, { blobs }: WholeImage): Promise<void> {
  for (const blob of blobs.values()) await registry.putBlob(repository, blob);
}

async function push(
  path: string,
  { bytes, mediaType }: Pick<WholeManifest, "bytes" | "mediaType">,
): Promise<Reply> {
  const headers = { "Content-Type": mediaType };
  return ask(registry.origin, `PUT /v2/${path}`, { headers, body: bytes });
}

/** The manifest with other fields, as bytes. */
function changed(
  { bytes, mediaType }: WholeManifest,
  fields: object,
): { bytes: Uint8Array; mediaType: string } {
  const value = { ...(JSON.parse(Buffer.from(bytes).toString()) as object), ...fields };
  return { bytes: Buffer.from(JSON.stringify(value)), mediaType };
}

test.each<readonly [what: string, image: WholeImage]>([
  ["an OCI image", image],
  ["a Docker image", await randomImage("docker", { format: "docker" })],
  ["an artifact", await randomArtifact("artifact")],
  ["an OCI index", await randomIndex("index", { attestation: true })],
  ["a nested index", await randomIndex("nested", { nested: true })],
  ["a Docker list", await randomIndex("list", { format: "docker" })],
])("%s is stored and returned unchanged, by tag and by digest", async (what, pushed) => {
  const name = what.toLowerCase().replaceAll(" ", "-");
  await putBlobs(name, pushed);
  for (const instance of pushed.instances) {
    const done = await push(`${name}/manifests/${instance.digest}`, instance);
    expect(done).toMatchObject({
      status: 201,
      headers: { "docker-content-digest": instance.digest },
    });
  }
  const { digest, bytes, mediaType } = pushed.manifest;
  const done = await push(`${name}/manifests/latest`, pushed.manifest);
  expect(done).toMatchObject({ status: 201, headers: { "docker-content-digest": digest } });
  for (const path of [next(done), `/v2/${name}/manifests/latest`]) {
    expect(await ask(registry.origin, `GET ${path}`)).toMatchObject({
      status: 200,
      headers: { "content-type": mediaType, "docker-content-digest": digest },
      body: Buffer.from(bytes),
    });
  }
  expect(registry.tags(name)).toEqual(["latest"]);
});

describe("rejected manifests", () => {
  beforeAll(async () => putBlobs("refusals", image));
  const { manifest } = image;
  const path = "refusals/manifests/v1";

  test.each<readonly [what: string, pushed: { bytes: Uint8Array; mediaType: string }]>([
    ["no type", { ...manifest, mediaType: "" }],
    ["a type that is not a manifest type", { ...manifest, mediaType: "application/json" }],
    [
      "a type that differs from its mediaType",
      { ...manifest, mediaType: mediaTypes.dockerManifest },
    ],
    ["invalid JSON", { ...manifest, bytes: Buffer.from("manifest") }],
    ["JSON that is not an object", { ...manifest, bytes: Buffer.from("[]") }],
    ["no config", changed(manifest, { config: undefined })],
    ["a layer without digest", changed(manifest, { layers: [{ mediaType: "a/b", size: 1 }] })],
    ["an index as config", changed(manifest, { manifests: [] })],
    ["another schemaVersion", changed(manifest, { schemaVersion: 1 })],
    ["a config of another size", changed(manifest, { config: { ...image.config, size: 1 } })],
  ])("a manifest with %s is invalid and not stored", async (_, pushed) => {
    expect(await push(path, pushed)).toMatchObject({ status: 400, code: "MANIFEST_INVALID" });
    expect(registry.findManifest("refusals", "v1")).toBeUndefined();
  });

  test("parameters of the Content-Type are ignored", async () => {
    const mediaType = `${manifest.mediaType}; charset=utf-8`;
    expect(await push("refusals/manifests/charset", { ...manifest, mediaType })).toMatchObject({
      status: 201,
    });
    const stored = registry.findManifest("refusals", "charset");
    expect(stored?.mediaType).toBe(manifest.mediaType);
  });

  test("a manifest with another digest is rejected", async () => {
    const other = digestOf(Buffer.from("other"));
    const reply = await push(`refusals/manifests/${other}`, manifest);
    expect(reply).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
  });

  test("a manifest may be pushed under its sha512 digest", async () => {
    const sha512 = digestOf(manifest.bytes, "sha512");
    const reply = await push(`refusals/manifests/${sha512}`, manifest);
    expect(reply).toMatchObject({ status: 201, headers: { "docker-content-digest": sha512 } });
    const got = await ask(registry.origin, `GET ${next(reply)}`);
    expect(got).toMatchObject({ status: 200, headers: { "docker-content-digest": sha512 } });
  });

  test("a manifest of 4 MiB is accepted, a larger one is rejected", async () => {
    const room = maxManifestSize - changed(manifest, { filler: "" }).bytes.byteLength;
    const full = changed(manifest, { filler: "x".repeat(room) });
    const over = changed(manifest, { filler: "x".repeat(room + 1) });
    expect(await push("refusals/manifests/full", full)).toMatchObject({ status: 201 });
    const refused = await push("refusals/manifests/over", over);
    expect(refused).toMatchObject({ status: 413, code: "MANIFEST_INVALID" });
    expect(registry.tags("refusals")).not.toContain("over");
  });

  test("the connection stays usable after a manifest that is too large", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { "Content-Type": manifest.mediaType };
    const body = new Uint8Array(4 * maxManifestSize);
    const refused = await ask(registry.origin, `PUT /v2/${path}`, { headers, body, agent });
    expect(refused.status).toBe(413);
    expect(await ask(registry.origin, "GET /v2/", { agent })).toMatchObject({ status: 200 });
    agent.destroy();
  });

  test("a manifest is rejected if the repository does not have a blob, even if another one has", async () => {
    await putBlobs("elsewhere", image);
    const [last, ...others] = [...image.blobs.values()].toReversed();
    for (const blob of others) await registry.putBlob("lacks/one", blob);
    const refused = await push("lacks/one/manifests/v1", manifest);
    expect(refused).toMatchObject({ status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    await registry.putBlob("lacks/one", last ?? new Uint8Array(0));
    expect(await push("lacks/one/manifests/v1", manifest)).toMatchObject({ status: 201 });
  });

  test("an index is rejected if the repository does not have an instance, even if it has it as a blob", async () => {
    const index = await randomIndex("lacks", {
      platforms: [{ os: "linux", architecture: "arm64" }],
    });
    await putBlobs("lacks/instance", index);
    const [instance] = index.instances;
    if (instance === undefined) throw new Error("an index without instance");
    await registry.putBlob("lacks/instance", instance.bytes);
    const refused = await push("lacks/instance/manifests/v1", index.manifest);
    expect(refused).toMatchObject({ status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    await push(`lacks/instance/manifests/${instance.digest}`, instance);
    const done = await push("lacks/instance/manifests/v1", index.manifest);
    expect(done).toMatchObject({ status: 201 });
  });

  test("an index may refer to an existing blob that is not a manifest", async () => {
    const { bytes, digest } = textAndDigest("no manifest");
    const entry = { mediaType: "text/plain", digest, size: bytes.byteLength };
    const value = JSON.stringify({ schemaVersion: 2, manifests: [entry] });
    const index = { bytes: Buffer.from(value), mediaType: mediaTypes.ociIndex };
    const refused = await push("of/text/manifests/v1", index);
    expect(refused).toMatchObject({ status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    await registry.putBlob("of/text", bytes);
    expect(await push("of/text/manifests/v1", index)).toMatchObject({ status: 201 });
  });

  test("an index with a wrong type or size of an instance is invalid", async () => {
    await push(`refusals/manifests/${manifest.digest}`, manifest);
    const entry = descriptorOf(image);
    for (const wrong of [{ size: 1 }, { mediaType: mediaTypes.dockerManifest }]) {
      const bytes = Buffer.from(
        JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, ...wrong }] }),
      );
      const refused = await push(path, { bytes, mediaType: mediaTypes.ociIndex });
      expect(refused).toMatchObject({ status: 400, code: "MANIFEST_INVALID" });
    }
  });

  test("an external layer need not exist", async () => {
    const foreign = {
      mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
      digest: digestOf(Buffer.from("foreign")),
      size: 7,
      urls: ["https://example.com/layer"],
    };
    const reply = await push(
      "refusals/manifests/foreign",
      changed(manifest, { layers: [foreign] }),
    );
    expect(reply).toMatchObject({ status: 201 });
  });
});

test("checkReferences: false accepts an image without blobs", async () => {
  await using lax = await startRegistry({ checkReferences: false });
  const { bytes, mediaType } = image.manifest;
  const headers = { "Content-Type": mediaType };
  const reply = await ask(lax.origin, "PUT /v2/a/b/manifests/v1", { headers, body: bytes });
  expect(reply.status).toBe(201);
});

test("manifestTypes can be limited to Docker's", async () => {
  await using docker = await startRegistry({
    manifestTypes: [mediaTypes.dockerManifest, mediaTypes.dockerList],
  });
  await docker.putImage("a/b", image);
  const { bytes, mediaType } = image.manifest;
  const headers = { "Content-Type": mediaType };
  const reply = await ask(docker.origin, "PUT /v2/a/b/manifests/v1", { headers, body: bytes });
  expect(reply).toMatchObject({ status: 400, code: "MANIFEST_INVALID" });
});

test.each<readonly [accept: string, status: number]>([
  [mediaTypes.ociManifest, 200],
  [`${mediaTypes.dockerManifest}, ${mediaTypes.ociManifest};q=0.5`, 200],
  ["*/*", 200],
  ["application/*", 200],
  [mediaTypes.dockerManifest, 406],
  ["application/json", 406],
  [`${mediaTypes.ociManifest};q=0`, 406],
])("for Accept %s, an OCI manifest has status %d", async (accept, status) => {
  await registry.putImage("accept", image, "v1");
  for (const method of ["GET", "HEAD"]) {
    const reply = await ask(registry.origin, `${method} /v2/accept/manifests/v1`, {
      headers: { accept },
    });
    expect(reply.status).toBe(status);
  }
});

test("deleting a tag keeps the manifest, deleting a manifest deletes its tags", async () => {
  const { digest } = await registry.putImage("deleted", image, "one").then(() => image.manifest);
  await registry.putImage("deleted", image, "two");
  await registry.putImage("deleted", image, "three");
  const remove = async (reference: string): Promise<Reply> =>
    ask(registry.origin, `DELETE /v2/deleted/manifests/${reference}`);
  expect(await remove("one")).toMatchObject({ status: 202 });
  expect(registry.tags("deleted")).toEqual(["three", "two"]);
  expect(registry.findManifest("deleted", digest)).toBeDefined();
  expect(await remove(digest)).toMatchObject({ status: 202 });
  expect(registry.tags("deleted")).toEqual([]);
  expect(await remove(digest)).toMatchObject({ status: 404, code: "MANIFEST_UNKNOWN" });
});

test.each([
  [false, 405, 405, 405],
  ["by-digest", 405, 202, 202],
  [true, 202, 202, 202],
] as const)(
  "with deletes: %s, deleting a tag, a manifest and a blob has status %i, %i, %i",
  async (deletes, ...expected) => {
    await using strict = await startRegistry({ deletes });
    const digest = await strict.putImage("a/b", image, "tag");
    const [blob] = image.blobs.keys();
    const statuses: unknown[] = [];
    for (const target of ["manifests/tag", `manifests/${digest}`, `blobs/${blob}`]) {
      statuses.push((await ask(strict.origin, `DELETE /v2/a/b/${target}`)).status);
    }
    expect(statuses).toEqual(expected);
  },
);

test("a tag refers to the last pushed manifest", async () => {
  const other = await randomImage("moved");
  await registry.putImage("moved", image, "v1");
  await registry.putImage("moved", other, "v1");
  expect(registry.findManifest("moved", "v1")?.digest).toBe(other.manifest.digest);
  expect(registry.findManifest("moved", image.manifest.digest)).toBeDefined();
});
