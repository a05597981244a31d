import { copyImage, Retries } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Answer } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { inMemory, randomImage, randomIndex } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";

const index = await randomIndex("upload", { layers: 1 });

/** The error of a copy of the index with only one of its images. */
async function sparseCopyTo({ host }: { readonly host: string }): Promise<unknown> {
  const to = docker().parseReference(`//${host}/a:1`);
  const copy = copyImage(await inMemory(index), to, {
    instances: { platforms: [{ os: "linux", architecture: "amd64" }] },
    missingInstances: "keep",
    retries: new Retries({ initialDelay: 1 }),
  });
  return copy.catch((error: unknown) => error);
}

const [, arm] = index.instances;
const advice = `lacks ${arm?.digest} (linux/arm64/v8), `;

describe("an index without all its images", () => {
  test("is rejected with the missing images and advice", async () => {
    await using registry = await startRegistry();
    const error = await sparseCopyTo(registry);
    expect(error).toMatchObject({ code: "not-found", retryable: false });
    expect(String(error)).toContain(advice);
    expect(String(error)).toContain("copy those too, or remove them from the index");
  });

  test("is rejected the same way for any error message", async () => {
    const errorResponse: Answer = {
      status: 400,
      body: JSON.stringify({ errors: [{ code: "MANIFEST_INVALID" }] }),
    };
    await using registry = await startRegistry({
      intercept: ({ method, path }) =>
        method === "PUT" && path.endsWith("/manifests/1") ? errorResponse : undefined,
    });
    expect(String(await sparseCopyTo(registry))).toContain(advice);
  });

  test.skipIf(distributionProgram === undefined)(
    "is rejected the same way by docker-registry",
    async () => {
      await using registry = await startDistribution();
      expect(String(await sparseCopyTo(registry))).toContain(advice);
    },
  );
});

test("a type that a registry reports as invalid JSON is a rejected type", async () => {
  const errors = [{ code: "UNSUPPORTED", message: "Invalid JSON syntax" }];
  await using registry = await startRegistry({
    intercept: ({ method, path }) =>
      method === "PUT" && path.includes("/manifests/")
        ? { status: 400, body: JSON.stringify({ errors }) }
        : undefined,
  });
  const to = docker().parseReference(`//${registry.host}/a:1`);
  const copy = copyImage(await inMemory(await randomImage("json")), to);
  await expect(copy).rejects.toMatchObject({ code: "manifest-rejected" });
});
