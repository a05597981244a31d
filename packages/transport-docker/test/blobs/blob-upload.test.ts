import { copyImage, digestOf, Retries } from "@drayage/core";
import type { BlobLocation, Descriptor, ImageDestination } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { LoggedRequest, Registry } from "@drayage/registry";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";

const bytes = Buffer.from("0123456789");
const blob: Descriptor = {
  digest: digestOf(bytes),
  size: bytes.byteLength,
  mediaType: "application/octet-stream",
};

async function destinationIn(registry: Registry): Promise<ImageDestination> {
  return docker().parseReference(`//${registry.host}/a:1`).newImageDestination();
}

async function* streamOf(...chunks: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    yield chunk;
  }
}

function locationOf({ host }: Registry, repository: string): BlobLocation {
  return { transport: "docker", scope: host, path: repository };
}

function cancellations({ requests }: Registry): readonly LoggedRequest[] {
  return requests.filter(({ method }) => method === "DELETE");
}

describe("a failed upload is cancelled:", () => {
  const failure = new Error("the disk failed");

  test.each([
    ["of known size", blob],
    ["of unknown size", {}],
  ])("%s, after its stream failed", async (_, known) => {
    await using registry = await startRegistry();
    {
      await using destination = await destinationIn(registry);
      const put = destination.putBlob(streamOf(bytes.subarray(0, 5), failure), known);
      await expect(put).rejects.toBe(failure);
    }
    expect(cancellations(registry)).toMatchObject([{ status: 204 }]);
    expect(await registry.findBlob("a", blob.digest)).toBeUndefined();
  });

  test("after an abort, with a new token", async () => {
    const authentication = {
      kind: "bearer",
      users: {},
      anonymous: { "*": ["pull", "push", "delete"] },
    } as const;
    await using registry = await startRegistry({ authentication });
    const controller = new AbortController();
    {
      await using destination = await destinationIn(registry);
      async function* stopping(): AsyncGenerator<Uint8Array> {
        yield bytes;
        controller.abort(failure);
        await new Promise(() => {});
      }
      const put = destination.putBlob(stopping(), {}, { signal: controller.signal });
      await expect(put).rejects.toBe(failure);
    }
    expect(cancellations(registry).at(-1)).toMatchObject({ status: 204 });
  });

  test("of a mount that was not used", async () => {
    await using registry = await startRegistry({ mounts: "never" });
    await registry.putBlob("b", bytes);
    {
      await using destination = await destinationIn(registry);
      const location = locationOf(registry, "b");
      expect(await destination.tryReusingBlob(blob, { location })).toBeUndefined();
      expect(await destination.tryReusingBlob(blob, { location })).toBeUndefined();
    }
    expect(cancellations(registry)).toMatchObject([{ status: 204 }, { status: 204 }]);
  });
});

test.each([400, 403, 404, 405])("a blob whose mount returns %i is uploaded", async (status) => {
  await using registry = await startRegistry({
    intercept: ({ method, query }) =>
      method === "POST" && query.has("mount") ? { status } : undefined,
  });
  await registry.putBlob("b", bytes);
  await using destination = await destinationIn(registry);
  const location = locationOf(registry, "b");
  expect(await destination.tryReusingBlob(blob, { location })).toBeUndefined();
  await destination.putBlob(streamOf(bytes), blob);
  expect(await registry.findBlob("a", blob.digest)).toBeDefined();
});

test("a blob that the registry stored under another digest is an error", async () => {
  const digest = digestOf(Buffer.from("another"));
  await using registry = await startRegistry({
    intercept: ({ method }) =>
      method === "PUT"
        ? { status: 201, headers: { "Docker-Content-Digest": digest, Location: "/" } }
        : undefined,
  });
  await using destination = await destinationIn(registry);
  const put = destination.putBlob(streamOf(bytes), blob, {
    retries: new Retries({ maxAttempts: 1 }),
  });
  await expect(put).rejects.toMatchObject({ code: "digest-mismatch" });
});

test("a stream is closed if the registry rejects it early", async () => {
  await using registry = await startRegistry({
    intercept: ({ method }) => (method === "PUT" ? { status: 413, body: "too large" } : undefined),
  });
  await using destination = await destinationIn(registry);
  const closed = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(1 << 16);
    } finally {
      closed.resolve();
    }
  }
  const put = destination.putBlob(endless(), { ...blob, size: 1e12 });
  await expect(put).rejects.toMatchObject({ code: "unsupported", status: 413 });
  await closed.promise;
});

test.each([
  ["shorter", [bytes.subarray(1)]],
  ["longer", [bytes, bytes]],
])("a stream that is %s than its size fails permanently", async (_, chunks) => {
  await using registry = await startRegistry();
  await using destination = await destinationIn(registry);
  const put = destination.putBlob(streamOf(...chunks), blob);
  await expect(put).rejects.toMatchObject({ retryable: false });
});

test("a blob of unknown size must have its known digest", async () => {
  await using registry = await startRegistry();
  await using destination = await destinationIn(registry);
  const { digest } = blob;
  const put = destination.putBlob(streamOf(Buffer.from("another")), { digest });
  await expect(put).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await destination.putBlob(streamOf(bytes), { digest })).toEqual(blob);
});

test("a sha512 digest is supported", async () => {
  await using registry = await startRegistry();
  await using destination = await destinationIn(registry);
  const digest = digestOf(bytes, "sha512");
  expect(await destination.putBlob(streamOf(bytes), { digest })).toMatchObject({ digest });
  expect(await destination.putBlob(streamOf(bytes), { ...blob, digest })).toMatchObject({ digest });
});

test.each([
  ["200 of another size", { status: 200, headers: { "Content-Length": "9" } }],
  ["401", { status: 401 }],
  ["403", { status: 403 }],
  ["500", { status: 500 }],
])("a blob is sent if HEAD returns %s", async (_, answer) => {
  const image = await randomImage("question", { layers: 1 });
  await using registry = await startRegistry({
    intercept: ({ method, path }) =>
      method === "HEAD" && path.includes("/blobs/") ? answer : undefined,
  });
  const retries = new Retries({ initialDelay: 1 });
  const to = docker().parseReference(`//${registry.host}/a:1`);
  await copyImage(await inMemory(image), to, { retries });
  expect(registry.tags("a")).toEqual(["1"]);
});

test("an account that may only push can push", async () => {
  const image = await randomImage("write only");
  await using registry = await startRegistry({
    intercept: ({ method }) => (method === "HEAD" ? { status: 403 } : undefined),
  });
  await copyImage(await inMemory(image), docker().parseReference(`//${registry.host}/a:1`));
  expect(registry.tags("a")).toEqual(["1"]);
});

test("a registry that stores another manifest is a digest mismatch", async () => {
  const image = await randomImage("another");
  await using registry = await startRegistry({
    intercept: ({ method, path }) =>
      method === "PUT" && path.includes("/manifests/")
        ? { status: 201, headers: { "Docker-Content-Digest": blob.digest } }
        : undefined,
  });
  const copy = copyImage(await inMemory(image), docker().parseReference(`//${registry.host}/a:1`));
  await expect(copy).rejects.toMatchObject({ code: "digest-mismatch" });
});

test("an upload without permission is denied", async () => {
  await using registry = await startRegistry({
    intercept: ({ method }) => (method === "POST" ? { status: 403 } : undefined),
  });
  await using destination = await destinationIn(registry);
  const put = destination.putBlob(streamOf(bytes), blob);
  await expect(put).rejects.toMatchObject({ code: "denied" });
});

test.each([
  ["of unknown size", {}],
  ["of known size", blob],
])("a rejected stream %s is closed", async (_, known) => {
  await using registry = await startRegistry({
    intercept: ({ method }) => (method === "PUT" ? { status: 500 } : undefined),
  });
  {
    await using destination = await destinationIn(registry);
    const retries = new Retries({ maxAttempts: 2, initialDelay: 1 });
    const put = destination.putBlob(streamOf(bytes), known, { retries });
    await expect(put).rejects.toMatchObject({ code: "unavailable", retryable: true });
  }
  const begun = registry.requests.filter(({ method }) => method === "POST");
  expect(cancellations(registry)).toHaveLength(begun.length);
});

test("an upload without a Location fails", async () => {
  await using registry = await startRegistry({
    intercept: ({ method }) => (method === "POST" ? { status: 202 } : undefined),
  });
  await using destination = await destinationIn(registry);
  await expect(destination.putBlob(streamOf(bytes), blob)).rejects.toMatchObject({
    code: "unsupported",
  });
});

test("a reference with tag and digest is written by tag, and only with this digest", async () => {
  const [image, other] = [await randomImage("pinned"), await randomImage("other")];
  await using registry = await startRegistry();
  const name = `//${registry.host}/a:1@${image.manifest.digest}`;
  const to = docker().parseReference(name);
  await expect(copyImage(await inMemory(other), to)).rejects.toMatchObject({
    code: "impossible-copy",
  });
  await copyImage(await inMemory(image), to);
  expect(registry.tags("a")).toEqual(["1"]);
});

test("a reference with only a digest is written without a tag", async () => {
  const image = await randomImage("untagged");
  await using registry = await startRegistry();
  const { digest } = image.manifest;
  await copyImage(await inMemory(image), docker().parseReference(`//${registry.host}/a@${digest}`));
  expect(registry.tags("a")).toEqual([]);
  expect(registry.findManifest("a", digest)).toBeDefined();
});
