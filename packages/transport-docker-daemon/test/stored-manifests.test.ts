import path from "node:path";

import { parseDigest } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";
import { useFakeEngine } from "./fake-engine.ts";

const digestOf = (digit: string): Digest => parseDigest(`sha256:${digit.repeat(64)}`);
const [index, complete, partial, unlisted] = ["a", "b", "c", "d"].map(digestOf) as [
  Digest,
  Digest,
  Digest,
  Digest,
];

/** The manifest of `a:b` in an engine that reports this. */
async function found(inspected: object, instance?: Digest): Promise<Digest | undefined> {
  const socket = path.join(await scratchFolder(), "docker.sock");
  const { host } = await useFakeEngine(socket, (request, response) => {
    if (request.url?.endsWith("/info") === true)
      response.end('{"DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}');
    else response.end(JSON.stringify(inspected));
  });
  const destination = await dockerDaemon({ host }).parseReference("a:b").newImageDestination();
  await using _ = destination;
  if (instance === undefined) return await destination.resolve?.();
  const reused = await destination.tryReusingManifest?.(instance, { index });
  return reused?.digest;
}

describe("an engine with containerd", () => {
  const manifests = [
    { ID: complete, Available: true },
    { ID: partial, Available: false },
  ];
  const ofIndex = { Id: index, Manifests: manifests };

  test("has the index of a name, and its complete instances", async () => {
    expect(await found(ofIndex)).toBe(index);
    expect(await found(ofIndex, complete)).toBe(complete);
    expect(await found(ofIndex, partial)).toBeUndefined();
    expect(await found(ofIndex, unlisted)).toBeUndefined();
  });

  test("has a single image only if it is complete", async () => {
    expect(await found({ Id: complete, Manifests: manifests })).toBe(complete);
    expect(await found({ Id: partial, Manifests: manifests })).toBeUndefined();
  });

  test.each([
    ["reports no manifests", { Id: complete }],
    ["reports something other than a list", { Id: complete, Manifests: {} }],
    ["has an ID that is not a digest", { Id: "b", Manifests: manifests }],
    [
      "does not report whether the image is complete",
      { Id: complete, Manifests: [{ ID: complete }] },
    ],
    [
      "reports that as a string",
      { Id: complete, Manifests: [{ ID: complete, Available: "true" }] },
    ],
  ])("has nothing if it %s", async (_, inspected) => {
    expect(await found(inspected)).toBeUndefined();
  });
});
