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
  /** The requirements that this set-up bears on, by the beginning of their names. Default: all. */
  readonly bearsOn?: readonly string[];
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
 * One registry that supports all that OCI distribution-spec 1.1 leaves open, one that supports none of it, and between
 * them one without each. Those are tested with what they bear on; `npm run torture` runs the whole suite on each.
 */
const setUps: Readonly<Record<string, SetUp>> = {
  "does all that it may": {},
  "has no list of referrers": { registry: { referrers: false }, bearsOn: listings },
  "mounts nothing": { registry: { mounts: "never" }, bearsOn: reuse },
  "mounts from anywhere": { registry: { mounts: "anywhere" }, bearsOn: reuse },
  "takes no blob in one request": { registry: { singlePost: false }, bearsOn: uploads },
  "wants large chunks": {
    registry: { chunkMinLength: 1 << 20 },
    client: { chunkSize: 100_000 },
    bearsOn: uploads,
  },
  "takes no large requests": {
    registry: { maxBodySize: 1 << 20 },
    client: { chunkSize: 1 << 20 },
    bearsOn: uploads,
  },
  "gives lists an entry at a time": { registry: { pageSize: 1 }, bearsOn: listings },
  "keeps its blobs elsewhere": {
    registry: { redirectBlobs: true, locations: "absolute" },
    bearsOn: [...uploads, ...downloads],
  },
  "gives no part of a blob": { registry: { ranges: false }, bearsOn: downloads },
  "deletes by digest alone": { registry: { deletes: "by-digest" }, bearsOn: ["delete/"] },
  "deletes nothing": {
    registry: { deletes: false },
    abilities: { deletes: false },
    bearsOn: ["delete/"],
  },
  "wants passwords": {
    registry: { authentication: { kind: "basic", users } },
    client: { credentials },
    bearsOn: logins,
  },
  "wants tokens": {
    registry: { authentication: bearer, redirectBlobs: true },
    client: { credentials },
    bearsOn: logins,
  },
  "wants tokens from elsewhere, for a second": {
    registry: { authentication: { ...bearer, separateTokenServer: true, tokenLifetime: 1 } },
    client: { credentials: { identityToken: "ann for ever" } },
    bearsOn: logins,
  },
  "does only what it must": {
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
  const checks = narrowed(await conformance(subject), setUp.bearsOn);
  for (const { name, run } of checks) test(name, run);
});
