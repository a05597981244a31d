import { open } from "node:fs/promises";
import path from "node:path";

import { hexOf } from "@drayage/core";
import type { Digest } from "@drayage/core";
import {
  conformance,
  distributionProgram,
  startDistribution,
  startRegistry,
} from "@drayage/testkit";
import type { Distribution, TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import { docker } from "../src/index.ts";
import type { DockerSettings } from "../src/index.ts";

const users = { ann: { password: "secret" } };
const credentials = { username: "ann", password: "secret" };
const htpasswd = "ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";

const strict = {
  "a strict registry": async () => startRegistry(),
  "a strict registry that wants tokens": async () =>
    startRegistry({ authentication: { kind: "bearer", users } }),
  "a strict registry that keeps its blobs elsewhere and names whole URLs": async () =>
    startRegistry({ redirectBlobs: true, locations: "absolute", pageSize: 2 }),
};

const distribution = {
  "Docker Distribution": async () => startDistribution(),
  "Docker Distribution that wants passwords": async () => startDistribution({ htpasswd }),
};

const registries = Object.entries<() => Promise<AsyncDisposable & { readonly host: string }>>(
  distributionProgram === undefined ? strict : { ...strict, ...distribution },
);

describe.each(registries)("against %s", async (_, start) => {
  const registry = await start();
  afterAll(async () => registry[Symbol.asyncDispose]());
  const subject = subjectAt(registry.host, { credentials });
  const damaging = "folder" in registry ? damage(registry as Distribution) : {};
  for (const { name, run } of await conformance({ ...subject, ...damaging })) test(name, run);
});

test.skipIf(distributionProgram === undefined)("docker-registry is installed", () => {
  expect(distributionProgram).toBeDefined();
});

function subjectAt(host: string, settings: DockerSettings): TransportUnderTest {
  const transport = docker(settings);
  let count = 0;
  return {
    transport,
    freshReference: () => transport.parseReference(`//${host}/conformance/${count++}:tag`),
    siblingOf: ({ stringWithinTransport }) =>
      transport.parseReference(`${stringWithinTransport}-${count++}`),
  };
}

function damage({ folder }: Distribution): Pick<TransportUnderTest, "damageBlob"> {
  return {
    async damageBlob(_, digest: Digest) {
      const hex = hexOf(digest);
      const blobs = path.join(folder, "docker/registry/v2/blobs/sha256", hex.slice(0, 2));
      await using blob = await open(path.join(blobs, hex, "data"), "r+");
      await blob.write("#", 0);
    },
  };
}
