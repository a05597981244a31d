import { digestOf, mediaTypes, Retries } from "@drayage/core";
import type { Descriptor, Digest, OperationOptions, Referrer, RawManifest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { digestTagsOf, referrersTagOf } from "@drayage/core/reference";
import { startRegistry } from "@drayage/registry";
import type { Registry, RegistrySettings } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import {
  descriptorOf,
  putBlobs,
  randomArtifact,
  randomImage,
  randomIndex,
  writeImage,
} from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerReference } from "../../src/index.ts";

const image = await randomImage("referrers", { layers: 1 });
const subject = descriptorOf(image);
const listTag = referrersTagOf(subject.digest);
const sbomType = "application/vnd.example.sbom";
const annotations = { "org.example.made": "today" };
const sbom = await randomArtifact("sbom", { subject, artifactType: sbomType, annotations });
const signature = await randomArtifact("signature", { subject });

function named({ host }: { readonly host: string }, name: string): DockerReference {
  return docker().parseReference(`//${host}/${name}`);
}

async function referrersIn(
  registry: { readonly host: string },
  about: Digest = subject.digest,
  options: { readonly artifactType?: string } = {},
): Promise<readonly Referrer[]> {
  await using source = await named(registry, "a:1").newImageSource();
  const found = await Array.fromAsync(source.getReferrers?.(about, options) ?? []);
  return found.filter(({ tag }) => tag === undefined);
}

function digests(found: readonly { readonly digest: Digest }[]): readonly Digest[] {
  return found.map(({ digest }) => digest).toSorted();
}

/** An image and its referrers, as a copy writes them. */
async function pushWith(
  reference: DockerReference,
  referrers: readonly WholeImage[],
  options: OperationOptions = {},
): Promise<void> {
  await using destination = await reference.newImageDestination();
  await putBlobs(image, destination);
  for (const referrer of referrers) {
    await putBlobs(referrer, destination);
    await destination.putManifest(referrer.manifest, {
      ...options,
      instance: referrer.manifest.digest,
    });
  }
  await destination.putManifest(image.manifest);
  await destination.commit(options);
}

function listIn(registry: Registry): readonly Descriptor[] {
  const list = registry.findManifest("a", listTag);
  const manifest = list && parseManifest(list);
  return manifest?.kind === "index" ? manifest.manifests : [];
}

const quickly = (): OperationOptions => ({ retries: new Retries({ initialDelay: 1 }) });

describe("referrers", () => {
  test("are listed page by page", async () => {
    await using registry = await startRegistry({ pageSize: 2 });
    await registry.putImage("a", image, "1");
    const pushed: Digest[] = [];
    for (const seed of ["a", "b", "c"]) {
      pushed.push(await registry.putImage("a", await randomArtifact(seed, { subject })));
    }
    expect(digests(await referrersIn(registry))).toEqual(pushed.toSorted());
  });

  test("of one type are requested with a filter", async () => {
    await using registry = await startRegistry();
    for (const one of [sbom, signature]) await registry.putImage("a", one);
    const found = await referrersIn(registry, subject.digest, { artifactType: sbomType });
    expect(found).toEqual([
      { ...descriptorOf(sbom), artifactType: sbomType, annotations: { ...annotations } },
    ]);
    expect(registry.requests[0]?.query).toBe("artifactType=application%2Fvnd.example.sbom");
  });

  test("are read from the referrers tag if the registry lacks the API", async () => {
    await using registry = await startRegistry({ referrers: false });
    await registry.putImage("a", image, "1");
    expect(await referrersIn(registry)).toEqual([]);
    const index = await randomIndex("referrers", { layers: 1 });
    await registry.putImage("a", index, listTag);
    expect(await referrersIn(registry)).toHaveLength(4);
  });

  test.each([400, 405, 406, 501])(
    "are read from the referrers tag also after %i",
    async (status) => {
      await using registry = await startRegistry({
        intercept: ({ path }) => (path.includes("/referrers/") ? { status } : undefined),
      });
      await registry.putImage("a", await randomIndex("referrers", { layers: 1 }), listTag);
      expect(await referrersIn(registry)).toHaveLength(4);
    },
  );

  test("are empty if the referrers tag is an image", async () => {
    await using registry = await startRegistry({ referrers: false });
    registry.putManifest("a", image.manifest, listTag);
    expect(await referrersIn(registry)).toEqual([]);
  });

  test.each([
    ["broken JSON", "{", mediaTypes.ociIndex],
    ["a web page", "<html>log in</html>", "text/html"],
  ])("are an error if the referrers tag is %s", async (_, body, type) => {
    await using registry = await startRegistry({
      referrers: false,
      intercept: ({ path }) =>
        path.endsWith(listTag)
          ? { status: 200, headers: { "Content-Type": type }, body }
          : undefined,
    });
    await expect(referrersIn(registry)).rejects.toMatchObject({ code: "invalid-manifest" });
  });

  test.each(["{}", "[]", "", '{"schemaVersion":2,"manifests":"none"}', "<html>"])(
    "are an error if the list is %j",
    async (body) => {
      const headers = { "Content-Type": mediaTypes.ociIndex };
      await using registry = await startRegistry({
        intercept: ({ path }) =>
          path.includes("/referrers/") ? { status: 200, headers, body } : undefined,
      });
      await expect(referrersIn(registry)).rejects.toMatchObject({ code: "unavailable" });
    },
  );

  test("are empty if the list is null", async () => {
    const headers = { "Content-Type": mediaTypes.ociIndex };
    const body = '{"schemaVersion":2,"manifests":null}';
    await using registry = await startRegistry({
      intercept: ({ path }) =>
        path.includes("/referrers/") ? { status: 200, headers, body } : undefined,
    });
    expect(await referrersIn(registry)).toEqual([]);
  });

  test("are read from a list with the media type of JSON", async () => {
    const { bytes } = listFromFirst(descriptorOf(sbom));
    const headers = { "Content-Type": "application/json" };
    await using registry = await startRegistry({
      intercept: ({ path }) =>
        path.includes("/referrers/") ? { status: 200, headers, body: bytes } : undefined,
    });
    expect(digests(await referrersIn(registry))).toEqual([sbom.manifest.digest]);
  });

  test("are not read from the tag if a later page is missing", async () => {
    await using registry = await startRegistry({
      pageSize: 1,
      intercept: ({ path, query }) =>
        path.includes("/referrers/") && query.size > 0 ? { status: 404 } : undefined,
    });
    for (const one of [sbom, signature]) await registry.putImage("a", one);
    await expect(referrersIn(registry)).rejects.toMatchObject({ code: "unsupported" });
  });

  test("without permission are denied", async () => {
    await using registry = await startRegistry({
      intercept: ({ path }) => (path.includes("/referrers/") ? { status: 403 } : undefined),
    });
    await expect(referrersIn(registry)).rejects.toMatchObject({ code: "denied" });
  });
});

describe("tags derived from a digest", () => {
  const [sigTag = "", attTag = ""] = digestTagsOf(subject.digest);

  async function tagsIn(registry: Registry): Promise<readonly unknown[]> {
    await using source = await named(registry, "a:1").newImageSource();
    const found = await Array.fromAsync(source.getReferrers?.(subject.digest) ?? []);
    return found.filter(({ tag }) => tag !== undefined);
  }

  test("are found if they exist", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    await registry.putImage("a", signature, attTag);
    expect(await tagsIn(registry)).toEqual([{ tag: attTag, digest: signature.manifest.digest }]);
  });

  test("are found if a registry does not return digests", async () => {
    const { bytes, mediaType } = signature.manifest;
    await using registry = await startRegistry({
      intercept: ({ path }) =>
        path.endsWith(sigTag)
          ? { status: 200, headers: { "Content-Type": mediaType }, body: bytes }
          : undefined,
    });
    expect(await tagsIn(registry)).toEqual([{ tag: sigTag, digest: signature.manifest.digest }]);
  });

  test("are written on commit, before the tag of the image", async () => {
    await using registry = await startRegistry();
    await using destination = await named(registry, "a:1").newImageDestination();
    for (const one of [signature, image]) await putBlobs(one, destination);
    await destination.putManifest(signature.manifest, {
      instance: signature.manifest.digest,
      tag: sigTag,
    });
    await destination.putManifest(image.manifest);
    expect(registry.tags("a")).toEqual([]);
    registry.clear();
    await destination.commit();
    expect(registry.requests.map(({ path }) => path)).toEqual(
      [sigTag, "1"].map((tag) => `/v2/a/manifests/${tag}`),
    );
  });
});

describe("a manifest with a subject", () => {
  test("is listed by a registry with the referrers API", async () => {
    await using registry = await startRegistry();
    await pushWith(named(registry, "a:1"), [sbom, signature]);
    expect(await referrersIn(registry)).toHaveLength(2);
    expect(registry.tags("a")).toEqual(["1"]);
  });

  test("is listed under the referrers tag for other registries", async () => {
    await using registry = await startRegistry({ referrers: false });
    await pushWith(named(registry, "a:1"), [sbom]);
    expect(listIn(registry)).toEqual([
      { ...descriptorOf(sbom), artifactType: sbomType, annotations },
    ]);
    await pushWith(named(registry, "a:2"), [sbom, signature]);
    const expected = digests([sbom, signature].map(({ manifest }) => manifest));
    expect(digests(listIn(registry))).toEqual(expected);
    expect(digests(await referrersIn(registry))).toEqual(expected);
  });

  test("is listed with the media type of its config if it has no artifact type", async () => {
    const { config } = parseManifest(image.manifest) as { readonly config: Descriptor };
    const text = Buffer.from(image.manifest.bytes).toString();
    const bytes = Buffer.from(text.replace("{", `{"subject":${JSON.stringify(subject)},`));
    const manifest = { ...image.manifest, bytes, digest: digestOf(bytes) };
    await using registry = await startRegistry({ referrers: false });
    await pushWith(named(registry, "a:1"), [{ ...image, manifest }]);
    expect(listIn(registry)).toMatchObject([{ artifactType: config.mediaType }]);
  });

  test("is listed before the image is visible, with one write for all referrers", async () => {
    await using registry = await startRegistry({ referrers: false });
    await pushWith(named(registry, "a:1"), [sbom, signature]);
    const written = registry.requests.filter(
      ({ method, path }) => method === "PUT" && path.includes("/manifests/"),
    );
    expect(written.map(({ path }) => path.split("/").at(-1)).slice(-2)).toEqual([listTag, "1"]);
    expect(written).toHaveLength(4);
  });

  test("is also listed if the reference names it", async () => {
    await using registry = await startRegistry({ referrers: false });
    await registry.putImage("a", image, "1");
    await writeImage(sbom, named(registry, "a:sbom"));
    expect(digests(await referrersIn(registry))).toEqual([sbom.manifest.digest]);
  });

  test("is not lost by concurrent updates", async () => {
    await using registry = await startRegistry({ referrers: false });
    const seeds = Array.from({ length: 12 }, (_, at) => `parallel ${at}`);
    const artifacts = await Promise.all(
      seeds.map(async (seed) => randomArtifact(seed, { subject })),
    );
    await Promise.all(
      artifacts.map(async (one, at) => pushWith(named(registry, `a:${at}`), [one], quickly())),
    );
    expect(listIn(registry)).toHaveLength(12);
  });

  test("is listed again if another client overwrote the list", async () => {
    let isOverwritten = false;
    await using registry: Registry = await startRegistry({
      referrers: false,
      intercept({ method, path }) {
        const isReread = method === "GET" && path.endsWith(listTag) && listIn(registry).length > 0;
        if (isReread && !isOverwritten) {
          isOverwritten = true;
          registry.putManifest("a", listFromFirst(descriptorOf(signature)), listTag);
        }
        return undefined;
      },
    });
    await registry.putImage("a", signature);
    await pushWith(named(registry, "a:1"), [sbom], quickly());
    const expected = digests([sbom, signature].map(({ manifest }) => manifest));
    expect(digests(listIn(registry))).toEqual(expected);
  });

  test("is listed without deleted manifests, which a registry rejects", async () => {
    await using registry = await startRegistry({ referrers: false });
    registry.putManifest("a", listFromFirst(descriptorOf(signature)), listTag);
    await pushWith(named(registry, "a:1"), [sbom], quickly());
    expect(digests(listIn(registry))).toEqual([sbom.manifest.digest]);
  });

  test("in a list that is overwritten repeatedly is a conflict", async () => {
    await using registry: Registry = await startRegistry({
      referrers: false,
      checkReferences: false,
      intercept({ method, path }) {
        if (method === "GET" && path.endsWith(listTag)) {
          registry.putManifest("a", listFromFirst(descriptorOf(signature)), listTag);
        }
        return undefined;
      },
    });
    const push = pushWith(named(registry, "a:1"), [sbom], quickly());
    await expect(push).rejects.toMatchObject({ code: "conflict" });
  });

  test("is written with a condition for registries that support it", async () => {
    let rejected = 0;
    const conditions: unknown[] = [];
    await using registry = await startRegistry({
      referrers: false,
      intercept({ method, path, headers }) {
        if (method !== "PUT" || !path.endsWith(listTag)) return undefined;
        conditions.push(headers["if-none-match"]);
        return rejected++ === 0 ? { status: 412 } : undefined;
      },
    });
    await pushWith(named(registry, "a:1"), [sbom], quickly());
    expect(listIn(registry)).toHaveLength(1);
    expect(conditions).toEqual(["*", "*"]);
  });

  test("is not listed if the tag has other content", async () => {
    await using registry = await startRegistry({ referrers: false });
    await registry.putImage("a", image, listTag);
    const push = pushWith(named(registry, "a:1"), [sbom]);
    await expect(push).rejects.toMatchObject({ code: "conflict" });
    expect(registry.tags("a")).toEqual([listTag]);
  });

  test("keeps other content of the list, known or not", async () => {
    await using registry = await startRegistry({ referrers: false });
    await registry.putImage("a", signature);
    const before = { ...descriptorOf(signature), "x-unknown": 1 };
    const { bytes, mediaType } = listFromFirst(before);
    const noted = Buffer.from(String(bytes).replace("{", '{"annotations":{"a":"b"},'));
    registry.putManifest("a", { bytes: noted, mediaType }, listTag);
    await pushWith(named(registry, "a:1"), [sbom]);
    const list = JSON.parse(String(registry.findManifest("a", listTag)?.bytes)) as object;
    expect(list).toMatchObject({ annotations: { a: "b" }, manifests: [before, {}] });
  });
});

function listFromFirst(...manifests: readonly Descriptor[]): RawManifest {
  const mediaType = mediaTypes.ociIndex;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return { bytes, mediaType };
}

describe("deleting a referrer", () => {
  async function deletedFrom(settings: RegistrySettings): Promise<Registry> {
    const registry = await startRegistry(settings);
    await pushWith(named(registry, "a:1"), [sbom, signature]);
    await named(registry, `a@${sbom.manifest.digest}`).deleteImage();
    return registry;
  }

  test("removes it from the referrers tag", async () => {
    await using registry = await deletedFrom({ referrers: false });
    expect(digests(listIn(registry))).toEqual([signature.manifest.digest]);
    await named(registry, `a@${signature.manifest.digest}`).deleteImage();
    expect(listIn(registry)).toEqual([]);
    expect(await referrersIn(registry)).toEqual([]);
  });

  test("does not write a tag to a registry with the referrers API", async () => {
    await using registry = await deletedFrom({});
    expect(digests(await referrersIn(registry))).toEqual([signature.manifest.digest]);
    expect(registry.tags("a")).toEqual(["1"]);
  });
});

describe.skipIf(distributionProgram === undefined)("with docker-registry", () => {
  test("referrers are added to a tag and removed from it", async () => {
    await using registry = await startDistribution();
    await pushWith(named(registry, "a:1"), [sbom, signature]);
    const expected = digests([sbom, signature].map(({ manifest }) => manifest));
    expect(digests(await referrersIn(registry))).toEqual(expected);
    await named(registry, `a@${sbom.manifest.digest}`).deleteImage();
    expect(digests(await referrersIn(registry))).toEqual([signature.manifest.digest]);
    await named(registry, `a@${signature.manifest.digest}`).deleteImage();
    expect(await referrersIn(registry)).toEqual([]);
  });
});
