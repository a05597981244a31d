import { randomBytes } from "node:crypto";

import { digestOf, Retries } from "@drayage/core";
import type { ByteRange, ImageReference } from "@drayage/core";
import { startFaultProxy } from "@drayage/mock-servers";
import type { PlannedFault } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import type { Registry, RegistrySettings } from "@drayage/registry";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

const mebibyte = 1 << 20;
const small = randomBytes(mebibyte);

interface Reading {
  readonly bytes: Uint8Array;
  readonly range?: ByteRange;
  readonly settings?: DockerSettings;
  readonly size?: number;
}

async function read(there: ImageReference, reading: Reading): Promise<Buffer> {
  const { bytes, range, size = bytes.byteLength } = reading;
  await using source = await there.newImageSource();
  const retries = new Retries({ initialDelay: 1 });
  const blob = { digest: digestOf(bytes), size };
  return Buffer.concat(await Array.fromAsync(source.getBlob(blob, { range, retries })));
}

/** Reads a blob through a fault proxy, and returns the sizes of all responses with a part of it. */
async function readOver(
  { cutEvery, faults }: { cutEvery?: number; faults?: readonly PlannedFault[] },
  { bytes, range = { start: 0 }, settings = {} }: Reading,
  registrySettings: RegistrySettings = {},
): Promise<readonly number[]> {
  await using registry = await startRegistry(registrySettings);
  await using proxy = await startFaultProxy({ target: registry.origin, cutEvery, faults });
  await registry.putBlob("a", bytes);
  const there = docker(settings).parseReference(`//${proxy.host}/a:1`);
  const found = await read(there, { bytes, range });
  const { start, end = bytes.byteLength - 1 } = range;
  expect(Buffer.compare(found, bytes.subarray(start, end + 1))).toBe(0);
  const answers = proxy.requests.filter(({ method }) => method === "GET");
  return answers.map(({ responseBytes }) => responseBytes);
}

const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);
const cutAt = (after: number): PlannedFault => ({
  path: "/blobs/",
  fault: { kind: "cut", during: "response", after },
});

describe("an interrupted download", () => {
  test("resumes without reading bytes twice", async () => {
    const sizes = await readOver({ faults: [cutAt(700_000)] }, { bytes: small });
    expect(sizes).toEqual([700_000, small.byteLength - 700_000]);
  });

  test("resumes after each failure with progress", async () => {
    const sizes = await readOver({ cutEvery: 100_000 }, { bytes: small });
    expect(sizes.length).toBeGreaterThan(9);
    expect(sum(sizes)).toBe(small.byteLength);
  });

  test("of a range resumes within the range", async () => {
    const range = { start: 100_000, end: 899_999 };
    const sizes = await readOver({ faults: [cutAt(300_000)] }, { bytes: small, range });
    expect(sizes).toEqual([300_000, 500_000]);
  });

  test("restarts if the registry does not support ranges, and skips known bytes", async () => {
    const faults = [cutAt(700_000)];
    const sizes = await readOver({ faults }, { bytes: small }, { ranges: false });
    expect(sizes).toEqual([700_000, small.byteLength]);
  });

  test("fails after attempts without progress", async () => {
    const faults = [{ ...cutAt(10), times: 100 }];
    const reading = readOver({ faults }, { bytes: small });
    await expect(reading).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });

  test("resumes with a new token and a new redirect target", async () => {
    let gets = 0;
    await using registry = await startRegistry({
      redirectBlobs: true,
      authentication: { kind: "bearer", users: {}, anonymous: { "*": ["pull"] } },
      async *transformBody({ server }, body) {
        const isCut = server === "storage" && gets++ === 0;
        for await (const chunk of body) yield isCut ? chunk.subarray(0, 500_000) : chunk;
        if (isCut) registry.expireTokens();
      },
    });
    await registry.putBlob("a", small);
    const there = docker().parseReference(`//${registry.host}/a:1`);
    expect(Buffer.compare(await read(there, { bytes: small }), small)).toBe(0);
    const stored = registry.requests.filter(({ server }) => server === "storage");
    expect(
      stored.map(({ responseBytes, authorization }) => [responseBytes, authorization]),
    ).toEqual([
      [500_000, "none"],
      [small.byteLength - 500_000, "none"],
    ]);
    expect(registry.requests.filter(({ server }) => server === "tokens")).toHaveLength(2);
  });
});

describe("a response without Content-Length that ends early", () => {
  test("is resumed", async () => {
    let isFirst = true;
    await using server = await startServer(({ headers }, response) => {
      const start = Number(/\d+/.exec(headers.range ?? "0")?.[0]);
      const end = isFirst ? 600_000 : small.byteLength;
      const range = `bytes ${start}-${small.byteLength - 1}/${small.byteLength}`;
      response.writeHead(isFirst ? 200 : 206, isFirst ? {} : { "Content-Range": range });
      isFirst = false;
      response.write(small.subarray(start, end));
      response.end();
    });
    const there = docker().parseReference(`//${server.host}/a:1`);
    expect(Buffer.compare(await read(there, { bytes: small }), small)).toBe(0);
    expect(server.requests).toHaveLength(2);
  });

  test("fails if the registry has no more bytes", async () => {
    await using server = await startServer(({ headers }, response) => {
      if (headers.range !== undefined) return void response.writeHead(416).end();
      response.write(small.subarray(0, 600_000));
      response.end();
    });
    const there = docker().parseReference(`//${server.host}/a:1`);
    const reading = read(there, { bytes: small });
    await expect(reading).rejects.toMatchObject({ code: "digest-mismatch", retryable: false });
  });
});

test.each([
  ["of a larger blob", (start: number) => `bytes ${start}-${small.byteLength - 1}/9999999`],
  [
    "from another offset",
    (start: number) => `bytes ${start + 1}-${small.byteLength - 1}/${small.byteLength}`,
  ],
])("a download does not resume with a range %s", async (_, contentRange) => {
  await using registry = await startRegistry({
    intercept({ headers, path }) {
      const [, start] = /^bytes=(\d+)-/.exec(headers.range ?? "") ?? [];
      if (start === undefined || !path.includes("/blobs/")) return undefined;
      const body = small.subarray(Number(start));
      return { status: 206, headers: { "Content-Range": contentRange(Number(start)) }, body };
    },
    async *transformBody({ headers }, body) {
      const isCut = headers.range === undefined;
      for await (const chunk of body) yield isCut ? chunk.subarray(0, 500_000) : chunk;
    },
  });
  await registry.putBlob("a", small);
  const there = docker().parseReference(`//${registry.host}/a:1`);
  const reading = read(there, { bytes: small });
  await expect(reading).rejects.toMatchObject({ code: "digest-mismatch" });
});

describe("a large blob", () => {
  const large = Buffer.alloc(65 * mebibyte);
  for (let at = 0; at < large.byteLength; at += mebibyte) small.copy(large, at);
  large.writeUInt32LE(12345, 30 * mebibyte);

  async function ranges(registry: Registry, settings: DockerSettings): Promise<readonly number[]> {
    await registry.putBlob("a", large);
    const there = docker(settings).parseReference(`//${registry.host}/a:1`);
    expect(Buffer.compare(await read(there, { bytes: large }), large)).toBe(0);
    return registry.requests.map(({ responseBytes }) => responseBytes);
  }

  test("is read in parallel ranges if configured", async () => {
    let underWay = 0;
    let most = 0;
    await using registry = await startRegistry({
      async *transformBody(_, body) {
        most = Math.max(most, ++underWay);
        yield* body;
        underWay--;
      },
    });
    const sizes = await ranges(registry, { parallelRanges: 3 });
    expect(sizes).toEqual([...Array.from({ length: 8 }, () => 8 * mebibyte), mebibyte]);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });

  test.each([
    ["on this machine", {}, {}],
    ["without range support", { ranges: false }, { parallelRanges: 3 }],
    ["with parallelRanges 1", {}, { parallelRanges: 1 }],
  ])("is read with one request from a registry %s", async (_, registrySettings, settings) => {
    await using registry = await startRegistry(registrySettings);
    expect(await ranges(registry, settings)).toEqual([large.byteLength]);
  });

  test("resumes each range separately", async () => {
    const settings = { parallelRanges: 4 };
    const faults = [cutAt(3 * mebibyte), { ...cutAt(5 * mebibyte), nth: 3 }];
    const sizes = await readOver({ faults }, { bytes: large, settings });
    expect(sizes).toHaveLength(11);
    expect(sum(sizes)).toBe(large.byteLength);
  });

  test("is not read further after the reader leaves", async () => {
    await using registry = await startRegistry();
    await registry.putBlob("a", large);
    const there = docker({ parallelRanges: 4 }).parseReference(`//${registry.host}/a:1`);
    await using source = await there.newImageSource();
    for await (const _ of source.getBlob({ digest: digestOf(large), size: large.byteLength }))
      break;
    expect(registry.requests.length).toBeLessThanOrEqual(4);
  });

  test("ends on an abort with its reason", async () => {
    await using registry = await startRegistry();
    await registry.putBlob("a", large);
    const there = docker({ parallelRanges: 4 }).parseReference(`//${registry.host}/a:1`);
    await using source = await there.newImageSource();
    const controller = new AbortController();
    const reason = new Error("enough");
    const blob = { digest: digestOf(large), size: large.byteLength };
    async function readSome(): Promise<void> {
      for await (const _ of source.getBlob(blob, { signal: controller.signal })) {
        controller.abort(reason);
      }
    }
    await expect(readSome()).rejects.toBe(reason);
  });
});
