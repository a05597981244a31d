import { randomBytes } from "node:crypto";

import { copyImage, digestOf, Retries } from "@drayage/core";
import type {
  BlobBody,
  CopyEvent,
  Descriptor,
  ImageReference,
  PutBlobOptions,
} from "@drayage/core";
import { startFaultProxy } from "@drayage/mock-servers";
import type { FaultProxySettings, PlannedFault } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import type { Registry, RegistrySettings } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";

const mebibyte = 1 << 20;
const bytes = randomBytes(5 * mebibyte);
const blob: Descriptor = {
  digest: digestOf(bytes),
  size: bytes.byteLength,
  mediaType: "application/octet-stream",
};

async function* streamFrom(start: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < bytes.byteLength; at += 1 << 16) {
    yield bytes.subarray(at, at + (1 << 16));
  }
}

function replayable(): BlobBody {
  return { [Symbol.asyncIterator]: () => streamFrom(0), replay: streamFrom };
}

const patiently = (): PutBlobOptions => ({ retries: new Retries({ initialDelay: 1 }) });

interface Line extends AsyncDisposable {
  readonly registry: Registry;
  readonly there: ImageReference;
  /** What was asked of the registry, or of the line to it. */
  readonly requests: readonly { readonly method: string; readonly status: number | undefined }[];
}

/** A registry, perhaps behind a line on which things go wrong. */
async function openLine(
  settings: RegistrySettings,
  faulty: Partial<FaultProxySettings> = {},
  dockerSettings: DockerSettings = {},
): Promise<Line> {
  const registry = await startRegistry(settings);
  const proxy = await startFaultProxy({ target: registry.origin, ...faulty });
  const { host, requests } = Object.keys(faulty).length > 0 ? proxy : registry;
  return {
    registry,
    there: docker(dockerSettings).parseReference(`//${host}/a:1`),
    requests,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** Sends the blob, and gives what was asked for that. */
async function sent(
  { requests, registry, there }: Line,
  how: "known" | "unknown" = "known",
): Promise<string> {
  const before = requests.length;
  {
    await using destination = await there.newImageDestination?.();
    const body = how === "known" ? replayable() : streamFrom(0);
    const info = how === "known" ? blob : {};
    const stored = destination?.putBlob(body, info, patiently());
    expect(await stored).toEqual(blob);
  }
  expect(Buffer.compare((await registry.findBlob("a", blob.digest)) ?? empty, bytes)).toBe(0);
  const since = requests.slice(before);
  return since.map(({ method, status }) => `${method} ${status ?? "cut"}`).join(", ");
}

const empty = new Uint8Array(0);

function sizesOf({ registry: { requests } }: Line, method: string): readonly number[] {
  return requests.filter((one) => one.method === method).map(({ requestBytes }) => requestBytes);
}

const cutAt = (after: number): PlannedFault => ({
  method: "PUT",
  fault: { kind: "cut", during: "request", after },
});
const lostAnswer = (method: string): PlannedFault => ({
  method,
  fault: { kind: "cut", during: "answer" },
});

describe("an upload that breaks off", () => {
  test("goes on from what the registry kept, and nothing of that is sent again", async () => {
    await using line = await openLine({}, { faults: [cutAt(1_500_000)] });
    expect(await sent(line)).toBe("POST 202, PUT cut, GET 204, PUT 201");
    expect(sizesOf(line, "PUT")).toEqual([1_500_000, blob.size - 1_500_000]);
  });

  test("goes on as often as the line breaks, as long as it comes further", async () => {
    await using line = await openLine({}, { cutEvery: 300_000 });
    await sent(line);
    expect(sizesOf(line, "PUT").length).toBeGreaterThan(15);
    expect(sizesOf(line, "PUT").reduce((sum, size) => sum + size)).toBe(blob.size);
  });

  test("begins again where the registry kept nothing", async () => {
    await using line = await openLine({ brokenChunks: "drop" }, { faults: [cutAt(500_000)] });
    const requests = (await sent(line)).split(", ");
    const expected = ["POST 202", "PUT cut", "GET 204", "HEAD 404", "DELETE 204", "POST 202"];
    expect(requests.toSorted()).toEqual([...expected, "PUT 201"].toSorted());
  });

  test("begins again where the registry ended it", async () => {
    await using line = await openLine({ brokenChunks: "end-upload" }, { faults: [cutAt(500_000)] });
    expect(await sent(line)).toBe("POST 202, PUT cut, GET 404, HEAD 404, POST 202, PUT 201");
  });

  test.each(["drop", "end-upload"] as const)(
    "comes through in chunks, each on a connection of its own, where registry and line (%s) let only so much pass",
    async (brokenChunks) => {
      await using line = await openLine({ brokenChunks }, { cutEvery: 3 * mebibyte });
      await sent(line);
      expect(Math.max(...sizesOf(line, "PATCH"))).toBeLessThan(3 * mebibyte);
      expect(line.requests.filter(({ status }) => status === undefined)).toHaveLength(2);
      const again = await sent(line);
      expect(again).not.toContain("cut");
    },
  );

  test("is done where only the answer was lost", async () => {
    await using line = await openLine({}, { faults: [lostAnswer("PUT")] });
    expect(await sent(line)).toBe("POST 202, PUT cut, GET 404, HEAD 200");
  });

  test("goes on after a chunk whose answer was lost", async () => {
    const settings = { chunkSize: 2 * mebibyte };
    await using line = await openLine({}, { faults: [lostAnswer("PATCH")] }, settings);
    expect(await sent(line)).toBe("POST 202, PATCH cut, GET 204, PATCH 202, PUT 201");
    expect(sizesOf(line, "PATCH")).toEqual([2 * mebibyte, 2 * mebibyte]);
  });

  test("begins again in another upload where the registry lost the first", async () => {
    await using line = await openLine(
      {},
      { faults: [{ method: "PUT", fault: { kind: "lost-upload" } }] },
    );
    expect(await sent(line)).toBe("POST 202, PUT 404, GET 404, HEAD 404, POST 202, PUT 201");
  });

  test("waits as long as a registry that is busy asks for", async () => {
    const busy = {
      kind: "error-response",
      status: 503,
      retryAfter: { seconds: 0, as: "seconds" },
    } as const;
    await using line = await openLine({}, { faults: [{ method: "PUT", fault: busy, times: 3 }] });
    expect((await sent(line)).match(/PUT 503/g)).toHaveLength(3);
  });

  test("gives up where nothing comes of it", async () => {
    await using line = await openLine({}, { faults: [{ ...cutAt(10), times: 100 }] });
    await using destination = await line.there.newImageDestination?.();
    const put = destination?.putBlob(replayable(), blob, patiently());
    await expect(put).rejects.toMatchObject({ code: "unavailable", retryable: true });
    expect(sizesOf(line, "PUT").length).toBeLessThan(8);
  });

  test("is begun again by the copy where its stream cannot be read again", async () => {
    const plain = await randomImage("plain", {
      layers: 1,
      layerSize: 200_000,
      compression: "none",
    });
    const isLayer = { ...cutAt(50_000), nth: 2 };
    await using line = await openLine(
      { brokenChunks: "end-upload" },
      { faults: [isLayer] },
      { chunkSize: 60_000 },
    );
    const events: CopyEvent[] = [];
    await copyImage(await inMemory(plain), line.there, {
      ...patiently(),
      onEvent: (event) => void events.push(event),
    });
    expect(line.registry.tags("a")).toEqual(["1"]);
  });
});

describe("what an upload breaks off in is not trusted too far:", () => {
  test("a registry that claims more than it was sent gets the rest of what was sent", async () => {
    let isFirst = true;
    await using line = await openLine(
      {
        intercept: ({ method }) => {
          if (method !== "GET" || !isFirst) return undefined;
          isFirst = false;
          return { status: 204, headers: { Range: "0-999999999" } };
        },
      },
      { faults: [cutAt(1_000_000)] },
    );
    await sent(line);
  });

  test("a registry that put the parts together wrongly gets all of them again", async () => {
    let isFirst = true;
    await using line = await openLine(
      {
        intercept: ({ method, headers }) => {
          if (method !== "PUT" || headers["content-range"] === undefined || !isFirst) {
            return undefined;
          }
          isFirst = false;
          return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
        },
      },
      { faults: [cutAt(blob.size - 10)] },
    );
    expect(await sent(line)).toContain("PUT 400");
  });
});

describe.each(["known", "unknown"] as const)("of %s size", (how) => {
  test("an upload gets another token when one has expired in the middle", async () => {
    const expiring = new Set(["PATCH", "PUT"]);
    await using line = await openLine(
      {
        authentication: { kind: "bearer", users: {}, anonymous: { "*": ["pull", "push"] } },
        intercept({ method }) {
          if (expiring.delete(method)) line.registry.expireTokens();
          return undefined;
        },
      },
      undefined,
      { chunkSize: 2 * mebibyte },
    );
    const requests = await sent(line, how);
    expect(requests).toContain("PATCH 401");
    expect(requests).toContain("PUT 401");
  });

  test("chunks get smaller where a request was too large, and stay so for what follows", async () => {
    const maxBodySize = 2 * mebibyte;
    await using line = await openLine({ maxBodySize });
    const requests = await sent(line, how);
    expect(requests).toContain("PUT 413");
    expect(await sent(line, how)).not.toContain("PUT 413");
    expect(Math.max(...sizesOf(line, "PATCH"))).toBeLessThanOrEqual(maxBodySize);
  });

  test("chunks are as long as is said", async () => {
    await using line = await openLine({}, undefined, { chunkSize: 2_000_000 });
    expect(await sent(line, how)).toBe("POST 202, PATCH 202, PATCH 202, PUT 201");
    expect(sizesOf(line, "PATCH")).toEqual([2_000_000, 2_000_000]);
  });

  test("chunks are at least as long as the registry wants them, and one request is one chunk", async () => {
    await using line = await openLine({ chunkMinLength: 3_000_000 }, undefined, {
      chunkSize: 1_000_000,
    });
    expect(await sent(line, how)).toBe("POST 202, PATCH 202, PUT 201");
    await using whole = await openLine({ chunkMinLength: 3_000_000 });
    expect(await sent(whole, how)).toBe("POST 202, PUT 201");
  });
});

test("what is too much even in the smallest chunk is refused", async () => {
  await using line = await openLine({ maxBodySize: 1000 });
  await using destination = await line.there.newImageDestination?.();
  const put = destination?.putBlob(replayable(), blob, patiently());
  await expect(put).rejects.toMatchObject({ status: 413, retryable: false });
});

test.skipIf(distributionProgram === undefined)(
  "Docker Distribution, which forgets an upload that was cut, gets a blob over a line that is cut all the time",
  async () => {
    await using distribution = await startDistribution();
    await using proxy = await startFaultProxy({
      target: distribution.origin,
      cutEvery: 3 * mebibyte,
    });
    const there = docker().parseReference(`//${proxy.host}/a:1`);
    await using destination = await there.newImageDestination();
    expect(await destination.putBlob(replayable(), blob, patiently())).toEqual(blob);
    const answer = await fetch(`${distribution.origin}/v2/a/blobs/${blob.digest}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  },
);
