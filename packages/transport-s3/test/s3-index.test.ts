import { copyImage, digestOf } from "@drayage/core";
import type { ImageDestination, ImageReference, Notice } from "@drayage/core";
import { parseLayoutIndex } from "@drayage/image-layout";
import type { S3Server } from "@drayage/mock-servers";
import { imageNames, isTorture } from "@drayage/test-support";
import { inMemory, assertImage, randomImage, writeImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";

import type { S3Settings } from "../src/index.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

async function names(server: S3Server, layout: string): Promise<readonly string[]> {
  const reference = transportTo(server).parseReference(`//bucket/${layout}`);
  return (await imageNames(reference)).toSorted();
}

async function someImage(): Promise<ImageReference> {
  return inMemory(await randomImage("some", { layers: 1 }));
}

const tags = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `v${1000 + at}`);

test(
  "many concurrent copies of different tags into one prefix are all listed",
  { timeout: 120_000 },
  async () => {
    await using server = await startBucket();
    const image = await someImage();
    const wanted = tags(isTorture ? 200 : 30);
    // Each with its own transport, like separate processes.
    const transports = Array.from({ length: 10 }, () => transportTo(server));
    await Promise.all(
      wanted.map(async (tag, at) => {
        const to = transports[at % transports.length]?.parseReference(`//bucket/a:${tag}`);
        if (to !== undefined) await copyImage(image, to);
      }),
    );
    expect(await names(server, "a")).toEqual(wanted);
  },
);

describe.each<[string, Parameters<typeof startBucket>[0], S3Settings, number]>([
  ["probed conditions", {}, { conditionalWrites: undefined }, 0],
  [
    "a store that ignores conditions",
    { conditions: "ignored" },
    { conditionalWrites: undefined },
    1,
  ],
  [
    "a store that rejects correct conditions",
    { conditions: "if-match-rejected" },
    { conditionalWrites: undefined },
    1,
  ],
])("with %s", (_, server, settings, notices) => {
  test("concurrent copies of different tags are all listed, with one notice per process", async () => {
    await using store = await startBucket(server);
    const image = await someImage();
    const wanted = tags(30);
    const transports = Array.from({ length: 3 }, () => ({
      transport: transportTo(store, settings),
      reported: [] as Notice[],
    }));
    await Promise.all(
      wanted.map(async (tag, at) => {
        const process = transports[at % transports.length];
        const onNotice = (notice: Notice): void => void process?.reported.push(notice);
        const to = process?.transport.parseReference(`//bucket/a:${tag}`);
        if (to !== undefined) await copyImage(image, to, { onNotice });
      }),
    );
    expect(await names(store, "a")).toEqual(wanted);
    expect(transports.map(({ reported }) => reported.length)).toEqual([notices, notices, notices]);
    expect(store.bucket().keys("a/_drayage")).toEqual([]);
  });
});

test("a stale lock is ignored after a minute", async () => {
  await using server = await startBucket();
  const lastModified = new Date(Date.now() - 61_000);
  await server.bucket().put("a/_drayage/lock/gone.0", "", { lastModified });
  await server.bucket().put("a/_drayage/lock/gone-too.1", "", { lastModified });
  const transport = transportTo(server, { conditionalWrites: false });
  await copyImage(await someImage(), transport.parseReference("//bucket/a:tag"));
  expect(await names(server, "a")).toEqual(["tag"]);
  expect(server.bucket().keys("a/_drayage")).toEqual([]);
});

test("a commit with a lost response is not repeated", async () => {
  const fault = { kind: "reset", during: "answer" } as const;
  await using server = await startBucket({
    faults: [{ fault, operation: "PutObject", key: "index.json" }],
  });
  await copyImage(await someImage(), transportTo(server).parseReference("//bucket/a:tag"));
  expect(await names(server, "a")).toEqual(["tag"]);
  const deleted = transportTo(server);
  await deleted.parseReference("//bucket/a:tag").deleteImage();
  expect(server.bucket().keys("a/blobs")).toEqual([]);
});

test("copies in one process into one layout are written together", async () => {
  await using server = await startBucket();
  const transport = transportTo(server);
  const image = await someImage();
  await Promise.all(
    tags(50).map(async (tag) => copyImage(image, transport.parseReference(`//bucket/a:${tag}`))),
  );
  const writes = server.requests.filter(
    ({ operation, key }) => operation === "PutObject" && key === "a/index.json",
  );
  expect(writes.length).toBeLessThan(25);
  expect(writes.every(({ status }) => status === 200)).toBe(true);
});

test("fields of other tools in index.json are kept", async () => {
  await using server = await startBucket();
  const index = { schemaVersion: 2, manifests: [], annotations: { by: "somebody" }, "x-new": [1] };
  await server.bucket().put("a/index.json", JSON.stringify(index));
  await copyImage(await someImage(), transportTo(server).parseReference("//bucket/a:tag"));
  const found = await server.bucket().find("a/index.json");
  const { fields, entries } = parseLayoutIndex(found?.bytes ?? new Uint8Array(0));
  expect(fields).toMatchObject({ annotations: { by: "somebody" }, "x-new": [1] });
  expect(entries).toHaveLength(1);
});

test("deleting an image deletes its blobs, but not those that layouts share", async () => {
  await using server = await startBucket();
  const image = await someImage();
  for (const blobs of [undefined, "s3://bucket/_blobs"]) {
    const transport = transportTo(server, { blobs });
    for (const layout of ["a", "b"])
      await copyImage(image, transport.parseReference(`//bucket/${layout}:tag`));
    const shared = server.bucket().keys("_blobs").length;
    expect(shared).toBe(blobs === undefined ? 0 : 3);
    await transport.parseReference("//bucket/a:tag").deleteImage();
    await transport.parseReference("//bucket/b:tag").deleteImage();
    expect(server.bucket().keys("a/blobs")).toEqual([]);
    expect(server.bucket().keys("_blobs").length).toBe(shared);
  }
});

test("a digest finds an image without a tag", async () => {
  await using server = await startBucket();
  const transport = transportTo(server);
  const first = await randomImage("first");
  for (const image of [first, await randomImage("second")])
    await copyImage(await inMemory(image), transport.parseReference("//bucket/a:tag"));
  const digest = digestOf(first.manifest.bytes);
  const reference = transport.parseReference(`//bucket/a:tag@${digest}`);
  await using source = await reference.newImageSource();
  expect(digestOf((await source.getManifest()).bytes)).toBe(digest);
});

test("deleting by digest deletes all tags", async () => {
  await using server = await startBucket();
  const transport = transportTo(server);
  const image = await randomImage("by digest");
  for (const tag of ["one", "two"])
    await writeImage(image, transport.parseReference(`//bucket/a:${tag}`));
  await writeImage(await randomImage("other"), transport.parseReference("//bucket/a:three"));
  const digest = digestOf(image.manifest.bytes);
  const both = transport.parseReference(`//bucket/a:one@${digest}`);
  await expect(both.deleteImage()).rejects.toMatchObject({ code: "invalid-reference" });
  await transport.parseReference(`//bucket/a@${digest}`).deleteImage();
  expect(await names(server, "a")).toEqual(["three"]);
});

test("copying the same image again reads and writes nothing else", async () => {
  await using server = await startBucket();
  const image = await someImage();
  await copyImage(image, transportTo(server).parseReference("//bucket/a:tag"));
  server.clear();
  const again = await copyImage(image, transportTo(server).parseReference("//bucket/a:tag"));
  expect(again.alreadyThere).toBe(true);
  expect(countOf(server.requests, "GetObject", "HeadObject")).toBe(server.requests.length);
});

describe("a concurrent copy and deletion", () => {
  const deleting = { annotations: { "io.drayage.deletion": "under way: 1" } };

  async function begun(
    settings: S3Settings,
    asks: "for blobs" | "for the manifest" = "for blobs",
  ): Promise<{ server: S3Server; destination: ImageDestination; image: WholeImage }> {
    const server = await startBucket();
    const image = await randomImage("raced");
    const first = transportTo(server, settings).parseReference("//bucket/a:first");
    await writeImage(image, first);
    const second = transportTo(server, settings).parseReference("//bucket/a:second");
    const destination = await second.newImageDestination();
    const { digest } = image.manifest;
    const blobs = [...image.blobs].map(([blob, { byteLength: size }]) => {
      return { digest: blob, size, mediaType: "application/octet-stream" };
    });
    const answers =
      asks === "for blobs"
        ? blobs.map(async (blob) => (await destination.tryReusingBlob(blob)) !== undefined)
        : [(async () => (await destination.tryReusingManifest?.(digest)) !== undefined)()];
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    await destination.putManifest(image.manifest);
    return { server, destination, image };
  }

  test.each([
    [true, "for blobs"],
    [false, "for blobs"],
    [true, "for the manifest"],
    [false, "for the manifest"],
  ] as const)(
    "end in a conflict if reused content was deleted; conditions honoured: %s, looked up %s",
    async (conditionalWrites, asks) => {
      const { server, destination } = await begun({ conditionalWrites }, asks);
      const other = transportTo(server, { conditionalWrites });
      await other.parseReference("//bucket/a:first").deleteImage();
      await expect(destination.commit()).rejects.toMatchObject({
        code: "conflict",
        retryable: true,
      });
      expect(await names(server, "a")).toEqual([]);
    },
  );

  test.each(["for blobs", "for the manifest"] as const)(
    "both succeed if no reused content was deleted, looked up %s",
    async (asks) => {
      const { server, destination, image } = await begun({}, asks);
      const unrelated = transportTo(server).parseReference("//bucket/a:unrelated");
      await writeImage(await randomImage("unrelated"), unrelated);
      await transportTo(server).parseReference("//bucket/a:unrelated").deleteImage();
      await destination.commit();
      expect(await names(server, "a")).toEqual(["first", "second"]);
      await assertImage(transportTo(server).parseReference("//bucket/a:second"), image);
    },
  );

  test("exclude each other: no image is added during a deletion", async () => {
    const { server, destination } = await begun({});
    const before = await server.bucket().find("a/index.json");
    const index = JSON.parse(String(before?.bytes)) as object;
    await server.bucket().put("a/index.json", JSON.stringify({ ...index, ...deleting }));
    let isDone = false;
    const commit = destination.commit().then(() => (isDone = true));
    await vi.waitUntil(() => countOf(server.requests, "GetObject") > 6, 10_000);
    expect(isDone).toBe(false);
    await server.bucket().put("a/index.json", JSON.stringify(index));
    await commit;
    expect(await names(server, "a")).toEqual(["first", "second"]);
  });

  test("wait for two minutes if the deleting process is gone", async () => {
    const { server, destination } = await begun({});
    const before = await server.bucket().find("a/index.json");
    const index = JSON.parse(String(before?.bytes)) as object;
    await server.bucket().put("a/index.json", JSON.stringify({ ...index, ...deleting }));
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 5000));
    onTestFinished(() => clock.mockRestore());
    await destination.commit();
    expect(await names(server, "a")).toEqual(["first", "second"]);
    const after = await server.bucket().find("a/index.json");
    expect(String(after?.bytes)).not.toMatch(/under way/);
  });
});

test("listed names are valid in references, whatever other tools wrote", async () => {
  await using server = await startBucket();
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  const image = await randomImage("named");
  await writeImage(image, reference);
  const { digest, bytes, mediaType } = image.manifest;
  const written = ["docker.io/library/x:1", "v 1?%", "_x", "@x", undefined];
  const manifests = written.map((name) => ({
    mediaType,
    digest,
    size: bytes.byteLength,
    ...(name !== undefined && { annotations: { "org.opencontainers.image.ref.name": name } }),
  }));
  await server.bucket().put("a/index.json", JSON.stringify({ schemaVersion: 2, manifests }));
  const called = await imageNames(reference);
  expect(called).toEqual(["docker.io%2Flibrary%2Fx%3A1", "v%201%3F%25", "_x", "@3", "@4"]);
  for (const name of called)
    await assertImage(transportTo(server).parseReference(`//bucket/a:${name}`), image);
});
