import { copyImage } from "@drayage/core";
import type { Referrer } from "@drayage/core";
import { digestTagsOf } from "@drayage/core/reference";
import { startRegistry } from "@drayage/registry";
import type { Answer, Registry, RegistrySettings } from "@drayage/registry";
import { descriptorOf, inMemory, randomArtifact, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerTransport } from "../../src/index.ts";

const image = await randomImage("head", { layers: 2 });
const subject = descriptorOf(image);
const signature = await randomArtifact("head signature", { subject });
const [sigTag = "", attTag = ""] = digestTagsOf(subject.digest);
const statuses = [400, 401, 403, 404, 405, 406, 501] as const;

function withoutHead(status: number, part = "/"): RegistrySettings {
  return {
    intercept: ({ method, path }): Answer | undefined =>
      method === "HEAD" && path.includes(part) ? { status } : undefined,
  };
}

async function tagsIn(
  { host }: Registry,
  transport: DockerTransport = docker(),
): Promise<readonly Referrer[]> {
  await using source = await transport.parseReference(`//${host}/a:1`).newImageSource();
  const found = await Array.fromAsync(source.getReferrers?.(subject.digest) ?? []);
  return found.filter(({ tag }) => tag !== undefined);
}

/** The methods of the requests, without the list of referrers. */
function methodsOf({ requests }: Registry): readonly string[] {
  return requests.filter(({ path }) => !path.includes("/referrers/")).map(({ method }) => method);
}

describe("tags of signatures", () => {
  test.each(statuses)("are found if HEAD returns %i", async (status) => {
    await using registry = await startRegistry(withoutHead(status));
    await registry.putImage("a", image, "1");
    await registry.putImage("a", signature, sigTag);
    await registry.putImage("a", signature, attTag);
    const { digest } = signature.manifest;
    expect(await tagsIn(registry)).toEqual([
      { tag: sigTag, digest },
      { tag: attTag, digest },
    ]);
  });

  test("are requested with GET only after HEAD failed once", async () => {
    await using registry = await startRegistry(withoutHead(404));
    await registry.putImage("a", image, "1");
    await registry.putImage("a", signature, sigTag);
    const transport = docker();
    await tagsIn(registry, transport);
    registry.clear();
    expect(await tagsIn(registry, transport)).toHaveLength(1);
    expect(methodsOf(registry)).toEqual(["GET", "GET", "GET"]);
  });

  test("need one HEAD each if one of them exists", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    await registry.putImage("a", signature, sigTag);
    await tagsIn(registry);
    expect(methodsOf(registry)).toEqual(["HEAD", "HEAD", "HEAD"]);
  });

  test("that do not exist need one additional HEAD of the image for each registry", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const transport = docker();
    expect(await tagsIn(registry, transport)).toEqual([]);
    expect(methodsOf(registry)).toEqual(["HEAD", "HEAD", "HEAD", "HEAD"]);
    registry.clear();
    expect(await tagsIn(registry, transport)).toEqual([]);
    expect(methodsOf(registry)).toEqual(["HEAD", "HEAD", "HEAD"]);
  });

  test("without permission are denied", async () => {
    const denied: Answer = { status: 403 };
    await using registry = await startRegistry({
      intercept: ({ path }) => (path.endsWith(sigTag) ? denied : undefined),
    });
    await registry.putImage("a", image, "1");
    await expect(tagsIn(registry)).rejects.toMatchObject({ code: "denied" });
  });
});

describe("a push", () => {
  async function push({ host }: Registry, transport: DockerTransport = docker()): Promise<void> {
    await copyImage(await inMemory(image), transport.parseReference(`//${host}/a:1`));
  }

  test.each(statuses)("works if HEAD returns %i", async (status) => {
    await using registry = await startRegistry(withoutHead(status));
    await push(registry);
    expect(registry.tags("a")).toEqual(["1"]);
  });

  test.each([405, 501, 403])("sends no blob twice if HEAD of blobs returns %i", async (status) => {
    await using registry = await startRegistry(withoutHead(status, "/blobs/"));
    await push(registry);
    registry.clear();
    const other = docker().parseReference(`//${registry.host}/a:2`);
    await using destination = await other.newImageDestination();
    for (const blob of [image.config, ...image.layers]) {
      expect(await destination.tryReusingBlob(blob)).toMatchObject({ digest: blob.digest });
    }
    const [first, ...others] = methodsOf(registry);
    expect(first).toBe("HEAD");
    expect(new Set(others)).toEqual(new Set(["GET"]));
  });

  test("reads at most one byte of a blob to find it", async () => {
    await using registry = await startRegistry(withoutHead(405, "/blobs/"));
    await push(registry);
    registry.clear();
    await using destination = await docker()
      .parseReference(`//${registry.host}/a:2`)
      .newImageDestination();
    await destination.tryReusingBlob(image.config);
    expect(registry.requests.at(-1)).toMatchObject({ method: "GET", responseBytes: 1 });
  });

  test("sends a blob if the stored one has another size", async () => {
    await using registry = await startRegistry(withoutHead(405, "/blobs/"));
    await push(registry);
    await using destination = await docker()
      .parseReference(`//${registry.host}/a:2`)
      .newImageDestination();
    const longer = { ...image.config, size: image.config.size + 1 };
    expect(await destination.tryReusingBlob(longer)).toBeUndefined();
  });

  test.each([405, 501])("finds an existing image if HEAD returns %i", async (status) => {
    await using registry = await startRegistry(withoutHead(status, "/manifests/"));
    await push(registry);
    await using destination = await docker()
      .parseReference(`//${registry.host}/a:1`)
      .newImageDestination();
    expect(await destination.resolve?.()).toBe(subject.digest);
    const reused = await destination.tryReusingManifest?.(subject.digest);
    expect(reused).toEqual({ digest: subject.digest });
  });
});
