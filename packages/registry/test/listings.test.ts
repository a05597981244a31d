import { digestOf, mediaTypes } from "@drayage/core";
import { ask } from "@drayage/test-support";
import { descriptorOf, randomArtifact, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import type { RegistrySettings } from "../src/registry-settings.ts";
import { startRegistry } from "../src/registry.ts";
import type { Registry } from "../src/registry.ts";

const image = await randomImage("listings", { layers: 1 });

async function withTags(
  tags: readonly string[],
  settings: RegistrySettings = {},
): Promise<Registry> {
  const registry = await startRegistry(settings);
  for (const tag of tags) registry.putManifest("a/b", image.manifest, tag);
  return registry;
}

async function listed(registry: Registry, path: string): Promise<{ json: any; link?: string }> {
  const { body, headers } = await ask(registry.origin, `GET ${path}`);
  const { link } = headers;
  return { json: JSON.parse(body.toString()), ...(typeof link === "string" && { link }) };
}

/** Follows the links to the last page. */
async function pages(registry: Registry, path: string): Promise<unknown[]> {
  const { json, link } = await listed(registry, path);
  const following = /^<(.+)>; rel="next"$/.exec(link ?? "")?.[1];
  return following === undefined ? [json] : [json, ...(await pages(registry, following))];
}

test("tags are sorted by code unit", async () => {
  await using registry = await withTags(["b", "a", "B", "10", "9", "_"]);
  const { json } = await listed(registry, "/v2/a/b/tags/list");
  expect(json).toEqual({ name: "a/b", tags: ["10", "9", "B", "_", "a", "b"] });
});

test.each<readonly [query: string, tags: readonly string[], link: string | undefined]>([
  ["n=2", ["a", "b"], '</v2/a/b/tags/list?n=2&last=b>; rel="next"'],
  ["n=2&last=b", ["c", "d"], undefined],
  ["n=10", ["a", "b", "c", "d"], undefined],
  ["n=4", ["a", "b", "c", "d"], undefined],
  ["n=0", [], undefined],
  ["last=b", ["c", "d"], undefined],
  ["last=bb&n=1", ["c"], '</v2/a/b/tags/list?last=c&n=1>; rel="next"'],
  ["last=z", [], undefined],
])("tags/list?%s returns %j", async (query, tags, link) => {
  await using registry = await withTags(["a", "b", "c", "d"]);
  const found = await listed(registry, `/v2/a/b/tags/list?${query}`);
  expect([found.json.tags, found.link]).toEqual([tags, link]);
});

test("a repository without tags has an empty list", async () => {
  await using registry = await startRegistry();
  await registry.putBlob("a/b", Buffer.from("blob"));
  const { json } = await listed(registry, "/v2/a/b/tags/list");
  expect(json).toEqual({ name: "a/b", tags: [] });
});

test.each(["relative", "absolute"] as const)(
  "%s links lead through pages of limited size",
  async (locations) => {
    await using registry = await withTags(["a", "b", "c"], { pageSize: 2, locations });
    const expected = [
      { name: "a/b", tags: ["a", "b"] },
      { name: "a/b", tags: ["c"] },
    ];
    expect(await pages(registry, "/v2/a/b/tags/list")).toEqual(expected);
    expect(await pages(registry, "/v2/a/b/tags/list?n=1000")).toEqual(expected);
  },
);

test("the catalog lists all repositories in pages", async () => {
  await using registry = await startRegistry();
  for (const name of ["c", "a/b", "b"]) await registry.putBlob(name, Buffer.from("blob"));
  expect(await pages(registry, "/v2/_catalog?n=2")).toEqual([
    { repositories: ["a/b", "b"] },
    { repositories: ["c"] },
  ]);
});

test("the catalog can be disabled", async () => {
  await using registry = await startRegistry({ catalog: false });
  expect(await ask(registry.origin, "GET /v2/_catalog")).toMatchObject({ status: 404 });
});

test("referrers are the manifests with the subject, with type and annotations", async () => {
  await using registry = await startRegistry();
  await registry.putImage("a/b", image, "v1");
  const subject = descriptorOf(image);
  const annotations = { "org.example.kind": "test" };
  const sbom = await randomArtifact("sbom", { subject, annotations, artifactType: "text/sbom" });
  const signature = await randomArtifact("signature", { subject, artifactType: "text/signature" });
  const about = await randomImage("about", { subject });
  for (const referrer of [sbom, signature, about]) await registry.putImage("a/b", referrer);
  await registry.putImage("a/b", await randomArtifact("unrelated"));

  const path = `/v2/a/b/referrers/${subject.digest}`;
  const { json } = await listed(registry, path);
  expect(json).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.ociIndex });
  expect(new Set(json.manifests)).toEqual(
    new Set([
      { ...descriptorOf(sbom), artifactType: "text/sbom", annotations },
      { ...descriptorOf(signature), artifactType: "text/signature" },
      { ...descriptorOf(about), artifactType: mediaTypes.ociConfig },
    ]),
  );

  const filtered = await ask(registry.origin, `GET ${path}?artifactType=text/sbom`);
  expect(filtered.headers).toMatchObject({
    "oci-filters-applied": "artifactType",
    "content-type": mediaTypes.ociIndex,
  });
  expect(JSON.parse(filtered.body.toString()).manifests).toEqual([
    { ...descriptorOf(sbom), annotations },
  ]);
});

test("the referrers of a missing manifest are an empty list", async () => {
  await using registry = await startRegistry();
  const nothing = digestOf(Buffer.from("nothing"));
  const { json } = await listed(registry, `/v2/no/body/referrers/${nothing}`);
  expect(json.manifests).toEqual([]);
});

test("referrers are paged and filtered", async () => {
  await using registry = await startRegistry({ pageSize: 1 });
  const subject = descriptorOf(image);
  const artifactType = "text/sbom";
  for (const seed of [1, 2, 3]) {
    await registry.putImage("a/b", await randomArtifact(seed, { subject, artifactType }));
    await registry.putImage("a/b", await randomArtifact(`other ${seed}`, { subject }));
  }
  const path = `/v2/a/b/referrers/${subject.digest}?artifactType=${artifactType}`;
  const found = (await pages(registry, path)) as { manifests: { artifactType: string }[] }[];
  expect(found.map(({ manifests }) => manifests.map((each) => each.artifactType))).toEqual([
    [artifactType],
    [artifactType],
    [artifactType],
  ]);
});

test("a push with a subject returns OCI-Subject if the referrers API is enabled", async () => {
  const subject = descriptorOf(image);
  const artifact = await randomArtifact("artifact", { subject });
  for (const referrers of [true, false]) {
    await using registry = await startRegistry({ referrers });
    for (const blob of artifact.blobs.values()) await registry.putBlob("a/b", blob);
    const reply = await ask(registry.origin, "PUT /v2/a/b/manifests/sbom", {
      headers: { "Content-Type": artifact.manifest.mediaType },
      body: artifact.manifest.bytes,
    });
    expect(reply.status).toBe(201);
    expect(reply.headers["oci-subject"]).toBe(referrers ? subject.digest : undefined);
    const list = await ask(registry.origin, `GET /v2/a/b/referrers/${subject.digest}`);
    expect(list.status).toBe(referrers ? 200 : 404);
  }
});
