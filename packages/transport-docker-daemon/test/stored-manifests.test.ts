import path from "node:path";

import { parseDigest } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";
import { pretendEngine } from "./pretended-engine.ts";

const digestOf = (digit: string): Digest => parseDigest(`sha256:${digit.repeat(64)}`);
const [index, complete, partial, unlisted] = ["a", "b", "c", "d"].map(digestOf) as [
  Digest,
  Digest,
  Digest,
  Digest,
];

/** What an engine with containerd reports of `a:b`. */
async function found(inspected: object, instance?: Digest): Promise<Digest | undefined> {
  const socket = path.join(await scratchFolder(), "docker.sock");
  const { host } = await pretendEngine(socket, (request, response) => {
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

  test("has the index that a name leads to, and those instances of which all is there", async () => {
    expect(await found(ofIndex)).toBe(index);
    expect(await found(ofIndex, complete)).toBe(complete);
    expect(await found(ofIndex, partial)).toBeUndefined();
    expect(await found(ofIndex, unlisted)).toBeUndefined();
  });

  test("has a single image only where all of it is there", async () => {
    expect(await found({ Id: complete, Manifests: manifests })).toBe(complete);
    expect(await found({ Id: partial, Manifests: manifests })).toBeUndefined();
  });

  test.each([
    ["says nothing of manifests", { Id: complete }],
    ["says something else than a list", { Id: complete, Manifests: {} }],
    ["names none by a digest", { Id: "b", Manifests: manifests }],
    ["does not say whether all is there", { Id: complete, Manifests: [{ ID: complete }] }],
    ["says so in a text", { Id: complete, Manifests: [{ ID: complete, Available: "true" }] }],
  ])("has nothing where it %s", async (_, inspected) => {
    expect(await found(inspected)).toBeUndefined();
  });
});
