import { digestOf } from "@drayage/core";
import type { Notice } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { RegistrySettings } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { randomImage, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";

const image = await randomImage("deletion", { layers: 1 });
const { digest } = image.manifest;
const otherDigest = { "Docker-Content-Digest": digestOf(Buffer.from("other")) };

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

  test("uses the digest if a registry does not delete tags", async () => {
    await using registry = await startRegistry({
      intercept: ({ method, path }) =>
        method === "DELETE" && path.endsWith("/1") ? { status: 405 } : undefined,
    });
    await registry.putImage("a", image, "1");
    await deleted(registry.host, "a:1");
    expect(registry.tags("a")).toEqual([]);
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "DELETE /v2/a/manifests/1",
      "GET /v2/a/manifests/1",
      "GET /v2/a/tags/list",
      `DELETE /v2/a/manifests/${digest}`,
    ]);
  });

  test("requests the delete scope", async () => {
    const users = { ann: { password: "secret", rights: { "*": ["pull", "delete"] } } } as const;
    await using registry = await startRegistry({ authentication: { kind: "bearer", users } });
    await registry.putImage("a", image, "1");
    const credentials = { username: "ann", password: "secret" };
    await deleted(registry.host, "a:1", { credentials });
    expect(registry.tags("a")).toEqual([]);
  });

  test.each([
    ["a missing tag is not found", {}, "a:2", "not-found"],
    ["in a missing repository is not found", {}, "b:1", "not-found"],
    ["may be disabled", { status: 405 }, "a:1", "unsupported"],
    ["may be denied", { status: 403 }, "a:1", "denied"],
  ])("%s", async (_, { status }: { status?: number }, name, code) => {
    await using registry = await startRegistry({
      intercept: ({ method }) => (method === "DELETE" && status ? { status } : undefined),
    });
    await registry.putImage("a", image, "1");
    await expect(deleted(registry.host, name)).rejects.toMatchObject({ code });
  });

  test.each([undefined, 400, 403, 404, 405, 501])(
    "a tag works without a digest in the response, and if HEAD returns %s",
    async (head) => {
      const { bytes, mediaType } = image.manifest;
      await using registry = await startRegistry({
        deletes: "by-digest",
        intercept: ({ method, path }) => {
          if (method === "HEAD" && head !== undefined) return { status: head };
          if (method !== "GET" || !path.endsWith("/1")) return undefined;
          return { status: 200, headers: { "Content-Type": mediaType }, body: bytes };
        },
      });
      await registry.putImage("a", image, "1");
      await deleted(registry.host, "a:1");
      expect(registry.tags("a")).toEqual([]);
    },
  );

  test("a tag fails if the registry returns a manifest with another digest", async () => {
    const headers = { "Docker-Content-Digest": digest };
    await using registry = await startRegistry({
      deletes: "by-digest",
      intercept: ({ method, path }) =>
        method === "GET" && path.endsWith("/1") ? { status: 200, headers, body: "{}" } : undefined,
    });
    await registry.putImage("a", image, "1");
    await expect(deleted(registry.host, "a:1")).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(registry.tags("a")).toEqual(["1"]);
  });

  describe("a tag of an image with other tags, in a registry that cannot delete tags,", () => {
    async function withTags(
      count: number,
      settings: RegistrySettings = {},
    ): Promise<Awaited<ReturnType<typeof startRegistry>>> {
      const registry = await startRegistry({ deletes: "by-digest", ...settings });
      for (let at = 1; at <= count; at++) await registry.putImage("a", image, String(at));
      return registry;
    }

    test("is rejected with the other tags", async () => {
      await using registry = await withTags(3);
      await expect(deleted(registry.host, "a:1")).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringMatching(/and with it the tags 2, 3; .* set "allTags"$/) as string,
      });
      expect(registry.tags("a")).toEqual(["1", "2", "3"]);
    });

    test("is deleted with allTags", async () => {
      await using registry = await withTags(3);
      const reference = docker().parseReference(`//${registry.host}/a:1`);
      await reference.deleteImage({ allTags: true });
      expect(registry.tags("a")).toEqual([]);
    });

    test.each([404, 405, 501])("is rejected also if HEAD returns %i", async (status) => {
      await using registry = await withTags(2, {
        intercept: ({ method }) => (method === "HEAD" ? { status } : undefined),
      });
      await expect(deleted(registry.host, "a:1")).rejects.toMatchObject({ code: "conflict" });
      expect(registry.tags("a")).toEqual(["1", "2"]);
    });

    test.each([403, 404])("is rejected if listing tags returns %i", async (status) => {
      await using registry = await withTags(1, {
        intercept: ({ path }) => (path.endsWith("/tags/list") ? { status } : undefined),
      });
      await expect(deleted(registry.host, "a:1")).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining("cannot be listed") as string,
      });
      expect(registry.tags("a")).toEqual(["1"]);
    });

    test("is rejected if not all tags were checked", async () => {
      const tags = Array.from({ length: 1002 }, (_, at) => `t${at}`);
      await using registry = await withTags(1, {
        intercept: ({ method, path }) => {
          if (path.endsWith("/tags/list")) return { status: 200, body: JSON.stringify({ tags }) };
          return method === "HEAD" ? { status: 200, headers: otherDigest } : undefined;
        },
      });
      await expect(deleted(registry.host, "a:1")).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining("only 1000 tags") as string,
      });
    });
  });

  describe("a manifest reports tags that it removes", () => {
    async function warningsFor(
      name: string,
      settings: RegistrySettings = {},
      count = 3,
    ): Promise<readonly string[]> {
      await using registry = await startRegistry({
        ...settings,
        intercept: (request) =>
          request.method === "DELETE" && !request.path.includes("sha256:")
            ? { status: 405 }
            : settings.intercept?.(request),
      });
      const other = await randomImage("other", { layers: 1 });
      await registry.putImage("a", other, "other");
      for (let at = 1; at <= count; at++) await registry.putImage("a", image, String(at));
      const notices: Notice[] = [];
      const onNotice = (notice: Notice): void => void notices.push(notice);
      const reference = docker().parseReference(`//${registry.host}/${name}`);
      await reference.deleteImage({ onNotice, allTags: true });
      expect(registry.tags("a")).toEqual(["other"]);
      return notices.map((notice) => (notice.kind === "caution" ? notice.text : ""));
    }

    test("except the named tag", async () => {
      const [warning, ...others] = await warningsFor("a:1");
      expect(warning).toMatch(/also removes the tags 2, 3$/);
      expect(others).toEqual([]);
    });

    test("all of them for a digest", async () => {
      expect(await warningsFor(`a@${digest}`)).toEqual([
        expect.stringMatching(/also removes the tags 1, 2, 3$/),
      ]);
    });

    test("up to ten of them", async () => {
      expect(await warningsFor("a:1", {}, 30)).toEqual([
        expect.stringMatching(/10, 11, .* and 19 more$/),
      ]);
    });

    test("only if there are any", async () => {
      expect(await warningsFor("a:1", {}, 1)).toEqual([]);
    });

    test("without names if they cannot be listed", async () => {
      const intercept: RegistrySettings["intercept"] = ({ path }) =>
        path.endsWith("/tags/list") ? { status: 403 } : undefined;
      expect(await warningsFor("a:1", { intercept })).toEqual([
        expect.stringMatching(/also removes possibly other tags/),
      ]);
    });
  });

  test.skipIf(distributionProgram === undefined)("a tag works with docker-registry", async () => {
    await using registry = await startDistribution();
    const reference = docker().parseReference(`//${registry.host}/a:1`);
    await writeImage(image, reference);
    await reference.deleteImage();
    await expect(reference.deleteImage()).rejects.toMatchObject({ code: "not-found" });
  });
});
