import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { copyImage, digestOf, mediaTypes, Retries } from "@drayage/core";
import type { Digest, ImageReference } from "@drayage/core";
import { startFaultProxy } from "@drayage/mock-servers";
import type { FaultProxy } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { isTorture } from "@drayage/test-support";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, expect, test } from "vitest";

const size = (isTorture ? 300 : 45) << 20;
const cutEvery = 20 << 20;
/** The bytes in the buffers of both sides, which are lost when a connection breaks. */
const inFlight = 1 << 20;

let folder: string;
let original: ImageReference;
let manifestDigest: Digest;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "big-blob-"));
  original = ociLayout().parseReference(`${path.join(folder, "original")}:big`);
  manifestDigest = await writeArtifact(original);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("a large blob is uploaded with a disconnect every 20 MB, and no byte is sent twice", async () => {
  await using registry = await startRegistry({ folder: path.join(folder, "registry") });
  await using proxy = await startFaultProxy({ target: registry.origin, cutEvery });
  const there = imageAt(proxy);
  await copyImage(original, there, withRetries());
  expect(registry.tags("big")).toEqual(["tag"]);
  const pushed = passed(proxy, "requestBytes");
  expect(pushed.cuts).toBeGreaterThanOrEqual(Math.floor(size / cutEvery) - 1);
  expect(pushed.bytes).toBeGreaterThanOrEqual(size);
  expect(pushed.bytes).toBeLessThanOrEqual(size + pushed.cuts * inFlight);

  await isReadOnce(there, proxy);
});

test("it is uploaded if the registry drops interrupted chunks", async () => {
  await using registry = await startRegistry({
    folder: path.join(folder, "registry with dropped chunks"),
    brokenChunks: "drop",
  });
  await using proxy = await startFaultProxy({ target: registry.origin, cutEvery });
  await copyImage(original, imageAt(proxy), withRetries());
  isSentInChunks(proxy);
});

const hasDistribution = distributionProgram !== undefined;

test.skipIf(!hasDistribution)(
  "it is uploaded to Docker Distribution and downloaded again",
  async () => {
    await using registry = await startDistribution();
    await using proxy = await startFaultProxy({ target: registry.origin, cutEvery });
    const there = imageAt(proxy);
    await copyImage(original, there, withRetries());
    isSentInChunks(proxy);
    await isReadOnce(there, proxy);
  },
);

function imageAt({ host }: FaultProxy): ImageReference {
  const transport = docker({ system: { environment: {}, rootForImplicitAbsolutePaths: folder } });
  return transport.parseReference(`//${host}/big:tag`);
}

function withRetries(): { readonly retries: Retries } {
  return { retries: new Retries({ initialDelay: 1 }) };
}

/** After the second disconnect the blob is sent in chunks. */
function isSentInChunks(proxy: FaultProxy): void {
  const { cuts, bytes } = passed(proxy, "requestBytes");
  expect([1, 2]).toContain(cuts);
  expect(bytes).toBeGreaterThanOrEqual(size);
  expect(bytes).toBeLessThanOrEqual(size + cuts * (cutEvery + inFlight));
}

async function isReadOnce(there: ImageReference, proxy: FaultProxy): Promise<void> {
  const back = ociLayout().parseReference(`${await mkdtemp(path.join(folder, "back-"))}:big`);
  const { digest } = await copyImage(there, back, withRetries());
  expect(digest).toBe(manifestDigest);
  const { cuts, bytes } = passed(proxy, "responseBytes");
  expect(cuts).toBeGreaterThanOrEqual(Math.floor(size / cutEvery) - 1);
  expect(bytes).toBeGreaterThanOrEqual(size);
  expect(bytes).toBeLessThanOrEqual(size + cuts * inFlight);
}

/** The transferred body bytes and the disconnects in one direction. */
function passed(
  { requests }: FaultProxy,
  direction: "requestBytes" | "responseBytes",
): { readonly cuts: number; readonly bytes: number } {
  const sending = requests.filter((request) => request[direction] > 0);
  return {
    cuts: sending.filter(({ isBroken }) => isBroken).length,
    bytes: sending.reduce((sum, request) => sum + request[direction], 0),
  };
}

/** An artifact with one large blob that is never in memory. */
async function writeArtifact(to: ImageReference): Promise<Digest> {
  await using destination = await to.newImageDestination?.();
  if (destination === undefined) throw new Error("a layout is writable");
  const large = await destination.putBlob(randomStream(), {
    mediaType: "application/octet-stream",
  });
  const config = await destination.putBlob(once(Buffer.from("{}")), {
    mediaType: "application/vnd.oci.empty.v1+json",
  });
  const mediaType = mediaTypes.ociManifest;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    artifactType: "application/vnd.example.big",
    config,
    layers: [large],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  await destination.putManifest({ bytes, mediaType, digest });
  await destination.commit();
  return digest;
}

async function* randomStream(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = size; left > 0; left -= 1 << 20) yield randomBytes(1 << 20);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
