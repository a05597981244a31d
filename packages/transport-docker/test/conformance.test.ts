import { startRegistry } from "@drayage/registry";
import type { RegistrySettings } from "@drayage/registry";
import { conformance } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import type { DockerSettings } from "../src/index.ts";
import { subjectAt } from "./conformance-subject.ts";

const credentials = { username: "ann", password: "secret" };
const users = { ann: { password: "secret", identityToken: "ann for ever" } };
const bearer = { kind: "bearer", users } as const;

/** What is asked of the registry, of `docker()`, and of the suite. */
type SetUp = readonly [RegistrySettings, DockerSettings?, Partial<TransportUnderTest>?];

/** One registry with all that OCI distribution-spec 1.1 leaves open done for the client; each other one without some of it. */
const setUps: Readonly<Record<string, SetUp>> = {
  "does all that it may": [{}],
  "has no list of referrers": [{ referrers: false }],
  "mounts nothing": [{ mounts: "never" }],
  "mounts from anywhere": [{ mounts: "anywhere" }],
  "takes no blob in one request": [{ singlePost: false }],
  "wants large chunks": [{ chunkMinLength: 1 << 20 }, { chunkSize: 100_000 }],
  "takes no large requests": [{ largestBody: 1 << 20 }, { chunkSize: 1 << 20 }],
  "gives lists an entry at a time": [{ pageSize: 1 }],
  "keeps its blobs elsewhere": [{ redirectBlobs: true, locations: "absolute" }],
  "gives no part of a blob": [{ ranges: false }],
  "deletes by digest alone": [{ deletes: "by-digest" }],
  "deletes nothing": [{ deletes: false }, {}, { deletes: false }],
  "wants passwords": [{ authentication: { kind: "basic", users } }, { credentials }],
  "wants tokens": [{ authentication: bearer, redirectBlobs: true }, { credentials }],
  "wants tokens from elsewhere, for a second": [
    { authentication: { ...bearer, separateTokenServer: true, tokenLifetime: 1 } },
    { credentials: { identityToken: "ann for ever" } },
  ],
  "does only what it must": [
    {
      authentication: bearer,
      locations: "absolute",
      redirectBlobs: true,
      referrers: false,
      mounts: "never",
      singlePost: false,
      chunkMinLength: 1 << 20,
      largestBody: 1 << 20,
      pageSize: 1,
      ranges: false,
      deletes: false,
      catalog: false,
    },
    { credentials, chunkSize: 1 << 20 },
    { deletes: false },
  ],
};

describe.each(Object.entries(setUps))(
  "against a registry that %s",
  async (_, [registrySettings, settings = {}, abilities = {}]) => {
    const registry = await startRegistry(registrySettings);
    afterAll(async () => registry[Symbol.asyncDispose]());
    const subject = { ...subjectAt(registry.host, settings), ...abilities };
    for (const { name, run } of await conformance(subject)) test(name, run);
  },
);
