import assert from "node:assert/strict";

import { copyImage, isImageError } from "@drayage/core";
import type { CopyResult } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { assertNoImage, assertImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";

import { user } from "./rig.ts";
import type { Location, Rig } from "./rig.ts";

/** Fails unless everything that the copy reports exists unchanged. */
export async function arrived(
  { direct }: Location,
  image: WholeImage,
  { digest, sourceDigest, changes }: CopyResult,
): Promise<void> {
  assert.equal(sourceDigest, image.manifest.digest);
  if (changes.length === 0) return assertImage(direct, image);
  const read = await copyImage(direct, memory().parseReference("read"), { instances: "all" });
  assert.equal(read.digest, digest);
}

/** Fails unless the error names the fault and contains no secrets. */
export function isReported(error: unknown): void {
  assert.ok(isImageError(error), `not an ImageError: ${String(error)}`);
  assert.ok(!isSecret(error.message), error.message);
}

/** Fails unless the image is missing or complete. The response that confirms it may have been lost. */
export async function isCompleteOrMissing({ direct, faulty }: Location, rig: Rig): Promise<void> {
  const path = `/v2/${faulty.dockerReference?.path}/manifests/tag`;
  const wasSent = rig.proxies.some(({ requests }) =>
    requests.some((request) => request.method === "PUT" && request.path === path),
  );
  if (!wasSent) return assertNoImage(direct);
  const read = copyImage(direct, memory().parseReference("read"), { instances: "all" });
  const error: unknown = await read.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error === undefined || isImageError(error, "not-found"), String(error));
}

/** Fails if credentials were sent to another origin. */
export function sentNoSecrets({ proxies, registries }: Rig): void {
  for (const { redirected } of proxies) {
    for (const request of redirected) {
      assert.equal(request.headers.authorization, undefined, `${request.method} ${request.url}`);
      assert.ok(!isSecret(JSON.stringify(request)), `${request.method} ${request.url}`);
    }
  }
  for (const registry of registries) {
    const requests = "requests" in registry ? registry.requests : [];
    for (const { server, authorization } of requests) {
      if (server === "storage") assert.equal(authorization, "none");
    }
  }
}

function isSecret(text: string): boolean {
  const { username, password } = user;
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return text.includes(password) || text.includes(basic);
}
