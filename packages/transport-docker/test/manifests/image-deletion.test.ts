import {
  distributionProgram,
  randomImage,
  startDistribution,
  startRegistry,
  writeImage,
} from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";

const image = await randomImage("deletion", { layers: 1 });
const { digest } = image.manifest;

async function deleted(host: string, name: string, settings?: DockerSettings): Promise<void> {
  await docker(settings).parseReference(`//${host}/${name}`).deleteImage();
}

describe("deleting", () => {
  test("a tag leaves the other tags of the same image", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    await registry.putImage("a", image, "2");
    await deleted(registry.host, "a:1");
    expect(registry.tags("a")).toEqual(["2"]);
    expect(registry.requests).toHaveLength(1);
  });

  test("a digest removes all its tags", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    await deleted(registry.host, `a@${digest}`);
    expect(registry.tags("a")).toEqual([]);
  });

  test("goes by digest where a registry does not delete tags", async () => {
    await using registry = await startRegistry({
      intercept: ({ method, path }) =>
        method === "DELETE" && path.endsWith("/1") ? { status: 405 } : undefined,
    });
    await registry.putImage("a", image, "1");
    await deleted(registry.host, "a:1");
    expect(registry.tags("a")).toEqual([]);
    expect(registry.requests.map(({ method }) => method)).toEqual(["DELETE", "HEAD", "DELETE"]);
  });

  test("asks for the right to delete", async () => {
    const users = { ann: { password: "secret", rights: { "*": ["pull", "delete"] } } } as const;
    await using registry = await startRegistry({ authentication: { kind: "bearer", users } });
    await registry.putImage("a", image, "1");
    const credentials = { username: "ann", password: "secret" };
    await deleted(registry.host, "a:1", { credentials });
    expect(registry.tags("a")).toEqual([]);
  });

  test.each([
    ["what is not there is not found", {}, "a:2", "not-found"],
    ["in a repository that is not there is not found", {}, "b:1", "not-found"],
    ["may be turned off", { status: 405 }, "a:1", "unsupported"],
    ["may be denied", { status: 403 }, "a:1", "denied"],
  ])("%s", async (_, { status }: { status?: number }, name, code) => {
    await using registry = await startRegistry({
      intercept: ({ method }) => (method === "DELETE" && status ? { status } : undefined),
    });
    await registry.putImage("a", image, "1");
    await expect(deleted(registry.host, name)).rejects.toMatchObject({ code });
  });

  test("where a registry tells no digest, one has to name it", async () => {
    await using registry = await startRegistry({
      intercept: ({ method, path }) =>
        path.endsWith("/1") ? { status: method === "HEAD" ? 200 : 405 } : undefined,
    });
    await expect(deleted(registry.host, "a:1")).rejects.toMatchObject({ code: "unsupported" });
  });

  test.skipIf(distributionProgram === undefined)("a tag works with docker-registry", async () => {
    await using registry = await startDistribution();
    const reference = docker().parseReference(`//${registry.host}/a:1`);
    await writeImage(image, reference);
    await reference.deleteImage();
    await expect(reference.deleteImage()).rejects.toMatchObject({ code: "not-found" });
  });
});
