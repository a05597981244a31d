import type { Notice } from "@drayage/core";
import {
  distributionProgram,
  randomImage,
  startDistribution,
  startRegistry,
  writeImage,
} from "@drayage/testkit";
import type { RegistrySettings } from "@drayage/testkit";
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
    expect(registry.requests.map(({ method }) => method)).toEqual([
      "DELETE",
      "HEAD",
      "GET",
      "DELETE",
    ]);
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

  describe("a manifest warns of the tags that go with it", () => {
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
      await docker().parseReference(`//${registry.host}/${name}`).deleteImage({ onNotice });
      expect(registry.tags("a")).toEqual(["other"]);
      return notices.map((notice) => (notice.kind === "warning" ? notice.text : ""));
    }

    test("those beside the one that was named", async () => {
      const [warning, ...others] = await warningsFor("a:1");
      expect(warning).toMatch(/takes with it the tags 2, 3$/);
      expect(others).toEqual([]);
    });

    test("all of them where a digest was named", async () => {
      expect(await warningsFor(`a@${digest}`)).toEqual([
        expect.stringMatching(/takes with it the tags 1, 2, 3$/),
      ]);
    });

    test("ten of them where there are many", async () => {
      expect(await warningsFor("a:1", {}, 30)).toEqual([
        expect.stringMatching(/10, 11, .* and 19 more$/),
      ]);
    });

    test("not where there are none", async () => {
      expect(await warningsFor("a:1", {}, 1)).toEqual([]);
    });

    test("without their names where they cannot be listed", async () => {
      const intercept: RegistrySettings["intercept"] = ({ path }) =>
        path.endsWith("/tags/list") ? { status: 403 } : undefined;
      expect(await warningsFor("a:1", { intercept })).toEqual([
        expect.stringMatching(/may take other tags with it/),
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
