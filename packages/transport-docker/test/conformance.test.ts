import { startRegistry } from "@drayage/registry";
import type { RegistrySettings } from "@drayage/registry";
import { narrowed } from "@drayage/test-support";
import { conformance } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import type { DockerSettings } from "../src/index.ts";
import { subjectAt } from "./conformance-subject.ts";

const credentials = { username: "ann", password: "secret" };
const users = { ann: { password: "secret", identityToken: "ann for ever" } };
const bearer = { kind: "bearer", users } as const;

interface SetUp {
  readonly registry?: RegistrySettings;
  readonly client?: DockerSettings;
  readonly abilities?: Partial<TransportUnderTest>;
  /** Prefixes of the requirements that depend on these settings. Default: all. */
  readonly affects?: readonly string[];
}

const uploads = [
  "destination/digest-computed",
  "destination/empty-blob",
  "destination/large-blob",
  "destination/failed-stream",
  "destination/corrupt-stream",
  "destination/aborted-put",
];
const downloads = [
  "source/ranges",
  "source/partial-read",
  "source/aborted",
  "source/missing-parts",
];
const reuse = ["destination/reuse", "copy/parallel"];
const listings = ["copy/referrers", "source/signatures", "delete/"];
const logins = ["source/missing-parts", "source/aborted-before", "copy/parallel", "delete/image"];

/**
 * A registry with all optional features of the OCI distribution-spec 1.1, one with none, and one for each missing feature,
 * which is tested with the requirements that depend on it. `npm run torture` runs the whole suite on each.
 */
const setUps: Readonly<Record<string, SetUp>> = {
  "implements all optional features": {},
  "has no referrers API": { registry: { referrers: false }, affects: listings },
  "does not mount": { registry: { mounts: "never" }, affects: reuse },
  "mounts without a source repository": { registry: { mounts: "anywhere" }, affects: reuse },
  "rejects blobs in one request": { registry: { singlePost: false }, affects: uploads },
  "requires large chunks": {
    registry: { chunkMinLength: 1 << 20 },
    client: { chunkSize: 100_000 },
    affects: uploads,
  },
  "rejects large requests": {
    registry: { maxBodySize: 1 << 20 },
    client: { chunkSize: 1 << 20 },
    affects: uploads,
  },
  "returns lists with one entry per page": { registry: { pageSize: 1 }, affects: listings },
  "redirects to its blobs": {
    registry: { redirectBlobs: true, locations: "absolute" },
    affects: [...uploads, ...downloads],
  },
  "does not support ranges": { registry: { ranges: false }, affects: downloads },
  "deletes by digest only": { registry: { deletes: "by-digest" }, affects: ["delete/"] },
  "does not delete": {
    registry: { deletes: false },
    abilities: { deletes: false },
    affects: ["delete/"],
  },
  "requires passwords": {
    registry: { authentication: { kind: "basic", users } },
    client: { credentials },
    affects: logins,
  },
  "requires tokens": {
    registry: { authentication: bearer, redirectBlobs: true },
    client: { credentials },
    affects: logins,
  },
  "requires tokens of another server that expire after a second": {
    registry: { authentication: { ...bearer, separateTokenServer: true, tokenLifetime: 1 } },
    client: { credentials: { identityToken: "ann for ever" } },
    affects: logins,
  },
  "implements no optional feature": {
    registry: {
      authentication: bearer,
      locations: "absolute",
      redirectBlobs: true,
      referrers: false,
      mounts: "never",
      singlePost: false,
      chunkMinLength: 1 << 20,
      maxBodySize: 1 << 20,
      pageSize: 1,
      ranges: false,
      deletes: false,
      catalog: false,
    },
    client: { credentials, chunkSize: 1 << 20 },
    abilities: { deletes: false },
  },
};

describe.each(Object.entries(setUps))("against a registry that %s", async (_, setUp) => {
  const registry = await startRegistry(setUp.registry ?? {});
  afterAll(async () => registry[Symbol.asyncDispose]());
  const subject = { ...subjectAt(registry.host, setUp.client ?? {}), ...setUp.abilities };
  const checks = narrowed(await conformance(subject), setUp.affects);
  for (const { name, run } of checks) test(name, run);
});
