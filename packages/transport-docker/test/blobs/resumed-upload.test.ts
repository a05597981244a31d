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

const quickRetries = (): PutBlobOptions => ({ retries: new Retries({ initialDelay: 1 }) });

interface Line extends AsyncDisposable {
  readonly registry: Registry;
  readonly there: ImageReference;
  /** The requests to the registry or the fault proxy. */
  readonly requests: readonly { readonly method: string; readonly status: number | undefined }[];
}

/** A registry, optionally behind a fault proxy. */
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

/** Sends the blob and returns the requests. */
async function sent(
  { requests, registry, there }: Line,
  how: "known" | "unknown" = "known",
): Promise<string> {
  const before = requests.length;
  {
    await using destination = await there.newImageDestination?.();
    const body = how === "known" ? replayable() : streamFrom(0);
    const info = how === "known" ? blob : {};
    const stored = destination?.putBlob(body, info, quickRetries());
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
const lostResponse = (method: string): PlannedFault => ({
  method,
  fault: { kind: "cut", during: "answer" },
});

describe("an interrupted upload", () => {
  test("resumes from the stored offset without sending bytes twice", async () => {
    await using line = await openLine({}, { faults: [cutAt(1_500_000)] });
    expect(await sent(line)).toBe("POST 202, PUT cut, GET 204, PUT 201");
    expect(sizesOf(line, "PUT")).toEqual([1_500_000, blob.size - 1_500_000]);
  });

  test("resumes after each failure with progress", async () => {
    await using line = await openLine({}, { cutEvery: 300_000 });
    await sent(line);
    expect(sizesOf(line, "PUT").length).toBeGreaterThan(15);
    expect(sizesOf(line, "PUT").reduce((sum, size) => sum + size)).toBe(blob.size);
  });

  test("restarts if the registry stored nothing", async () => {
    await using line = await openLine({ brokenChunks: "drop" }, { faults: [cutAt(500_000)] });
    const requests = (await sent(line)).split(", ");
    const expected = ["POST 202", "PUT cut", "GET 204", "HEAD 404", "DELETE 204", "POST 202"];
    expect(requests.toSorted()).toEqual([...expected, "PUT 201"].toSorted());
  });

  test("restarts if the registry ended the session", async () => {
    await using line = await openLine({ brokenChunks: "end-upload" }, { faults: [cutAt(500_000)] });
    expect(await sent(line)).toBe("POST 202, PUT cut, GET 404, HEAD 404, POST 202, PUT 201");
  });

  test.each(["drop", "end-upload"] as const)(
    "is sent in chunks with one connection each after repeated losses (%s)",
    async (brokenChunks) => {
      await using line = await openLine({ brokenChunks }, { cutEvery: 3 * mebibyte });
      await sent(line);
      expect(Math.max(...sizesOf(line, "PATCH"))).toBeLessThan(3 * mebibyte);
      expect(line.requests.filter(({ status }) => status === undefined)).toHaveLength(2);
      const again = await sent(line);
      expect(again).not.toContain("cut");
    },
  );

  test("is complete if only the response was lost", async () => {
    await using line = await openLine({}, { faults: [lostResponse("PUT")] });
    expect(await sent(line)).toBe("POST 202, PUT cut, GET 404, HEAD 200");
  });

  test("resumes after a chunk whose response was lost", async () => {
    const settings = { chunkSize: 2 * mebibyte };
    await using line = await openLine({}, { faults: [lostResponse("PATCH")] }, settings);
    expect(await sent(line)).toBe("POST 202, PATCH cut, GET 204, PATCH 202, PUT 201");
    expect(sizesOf(line, "PATCH")).toEqual([2 * mebibyte, 2 * mebibyte]);
  });

  test("starts a new session if the registry lost the first", async () => {
    await using line = await openLine(
      {},
      { faults: [{ method: "PUT", fault: { kind: "lost-upload" } }] },
    );
    expect(await sent(line)).toBe("POST 202, PUT 404, GET 404, HEAD 404, POST 202, PUT 201");
  });

  test("waits for the Retry-After of a busy registry", async () => {
    const busy = {
      kind: "error-response",
      status: 503,
      retryAfter: { seconds: 0, as: "seconds" },
    } as const;
    await using line = await openLine({}, { faults: [{ method: "PUT", fault: busy, times: 3 }] });
    expect((await sent(line)).match(/PUT 503/g)).toHaveLength(3);
  });

  test("fails after attempts without progress", async () => {
    await using line = await openLine({}, { faults: [{ ...cutAt(10), times: 100 }] });
    await using destination = await line.there.newImageDestination?.();
    const put = destination?.putBlob(replayable(), blob, quickRetries());
    await expect(put).rejects.toMatchObject({ code: "unavailable", retryable: true });
    expect(sizesOf(line, "PUT").length).toBeLessThan(8);
  });

  test("is restarted by the copy if its stream cannot be replayed", async () => {
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
      ...quickRetries(),
      onEvent: (event) => void events.push(event),
    });
    expect(line.registry.tags("a")).toEqual(["1"]);
  });
});

describe("the reported offset is verified:", () => {
  test("an offset beyond the sent bytes is limited to them", async () => {
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

  test("wrong bytes in the session are all sent again", async () => {
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
  test("an upload gets a new token after one expires", async () => {
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

  test("chunks get smaller after a 413, also for later blobs", async () => {
    const maxBodySize = 2 * mebibyte;
    await using line = await openLine({ maxBodySize });
    const requests = await sent(line, how);
    expect(requests).toContain("PUT 413");
    expect(await sent(line, how)).not.toContain("PUT 413");
    expect(Math.max(...sizesOf(line, "PATCH"))).toBeLessThanOrEqual(maxBodySize);
  });

  test("chunks have the configured size", async () => {
    await using line = await openLine({}, undefined, { chunkSize: 2_000_000 });
    expect(await sent(line, how)).toBe("POST 202, PATCH 202, PATCH 202, PUT 201");
    expect(sizesOf(line, "PATCH")).toEqual([2_000_000, 2_000_000]);
  });

  test("chunks have the minimum size of the registry", async () => {
    await using line = await openLine({ chunkMinLength: 3_000_000 }, undefined, {
      chunkSize: 1_000_000,
    });
    expect(await sent(line, how)).toBe("POST 202, PATCH 202, PUT 201");
    await using whole = await openLine({ chunkMinLength: 3_000_000 });
    expect(await sent(whole, how)).toBe("POST 202, PUT 201");
  });
});

test("a 413 for the smallest chunk is an error", async () => {
  await using line = await openLine({ maxBodySize: 1000 });
  await using destination = await line.there.newImageDestination?.();
  const put = destination?.putBlob(replayable(), blob, quickRetries());
  await expect(put).rejects.toMatchObject({ status: 413, retryable: false });
});

test.skipIf(distributionProgram === undefined)(
  "Docker Distribution, which cannot resume, receives a blob over connections that fail repeatedly",
  async () => {
    await using distribution = await startDistribution();
    await using proxy = await startFaultProxy({
      target: distribution.origin,
      cutEvery: 3 * mebibyte,
    });
    const there = docker().parseReference(`//${proxy.host}/a:1`);
    await using destination = await there.newImageDestination();
    expect(await destination.putBlob(replayable(), blob, quickRetries())).toEqual(blob);
    const answer = await fetch(`${distribution.origin}/v2/a/blobs/${blob.digest}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  },
);
