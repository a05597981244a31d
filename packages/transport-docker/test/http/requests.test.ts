import { copyImage } from "@drayage/core";
import type { CopyOptions, ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startRegistry } from "@drayage/registry";
import type { LoggedRequest, Registry, RegistrySettings } from "@drayage/registry";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";

const users = { ann: { password: "secret" } };
const credentials = { username: "ann", password: "secret" };
const image = await randomImage("requests", { layers: 3 });
const blobs = image.blobs.size;

function times(count: number, what: string): readonly string[] {
  return Array.from({ length: count }, () => what);
}

/** The requests of a copy to a registry, sorted, without names and digests. */
async function requestsOf(
  registry: Registry,
  from: ImageReference,
  to: ImageReference,
  options?: CopyOptions,
): Promise<readonly string[]> {
  registry.clear();
  await copyImage(from, to, options);
  return registry.requests.map(summary).toSorted();
}

function summary({ server, method, path, query, status }: LoggedRequest): string {
  if (server === "tokens") return `${method} token`;
  const [, kind] = /(manifests|blobs\/uploads|blobs)\//.exec(path) ?? [];
  const mount = query.includes("mount=") ? " mount" : "";
  return `${method} ${kind}${mount} ${status}`;
}

describe("a copy sends only the necessary requests:", () => {
  const cases: readonly (readonly [string, RegistrySettings])[] = [
    ["without tokens", {}],
    ["with tokens", { authentication: { kind: "bearer", users } }],
  ];
  describe.each(cases)("%s", (_, settings) => {
    const tokens = settings.authentication === undefined ? 0 : 1;
    const refused = times(tokens, "GET token");

    test("pushing, three requests for each blob", async () => {
      await using registry = await startRegistry(settings);
      const to = docker({ credentials }).parseReference(`//${registry.host}/a:1`);
      expect(await requestsOf(registry, await inMemory(image), to)).toEqual(
        [
          ...refused,
          ...times(tokens, "HEAD manifests 401"),
          ...times(2, "HEAD manifests 404"),
          ...times(blobs, "HEAD blobs 404"),
          ...times(blobs, "POST blobs/uploads 202"),
          ...times(blobs, "PUT blobs/uploads 201"),
          "PUT manifests 201",
        ].toSorted(),
      );
    });

    test("pulling, one request for each blob", async () => {
      await using registry = await startRegistry(settings);
      await registry.putImage("a", image, "1");
      const from = docker({ credentials }).parseReference(`//${registry.host}/a:1`);
      const requests = await requestsOf(registry, from, memory().parseReference("a"));
      expect(requests).toEqual(
        [
          ...refused,
          ...times(tokens, "GET manifests 401"),
          "GET manifests 200",
          ...times(blobs, "GET blobs 200"),
        ].toSorted(),
      );
    });

    test("mounting, one request for each blob", async () => {
      await using registry = await startRegistry(settings);
      await registry.putImage("a", image, "1");
      const transport = docker({ credentials });
      const from = transport.parseReference(`//${registry.host}/a:1`);
      const to = transport.parseReference(`//${registry.host}/b:1`);
      expect(await requestsOf(registry, from, to)).toEqual(
        [
          ...times(tokens * 3, "GET token"),
          ...times(tokens, "GET manifests 401"),
          "GET manifests 200",
          ...times(2, "HEAD manifests 404"),
          ...times(blobs, "POST blobs/uploads mount 201"),
          "PUT manifests 201",
        ].toSorted(),
      );
    });
  });

  test("a rejected mount starts the upload", async () => {
    await using registry = await startRegistry({ mounts: "never" });
    await registry.putImage("a", image, "1");
    const transport = docker();
    const from = transport.parseReference(`//${registry.host}/a:1`);
    const to = transport.parseReference(`//${registry.host}/b:1`);
    expect(await requestsOf(registry, from, to)).toEqual(
      [
        "GET manifests 200",
        ...times(blobs, "GET blobs 200"),
        ...times(2, "HEAD manifests 404"),
        ...times(blobs, "HEAD blobs 404"),
        ...times(blobs, "POST blobs/uploads mount 202"),
        ...times(blobs, "PUT blobs/uploads 201"),
        "PUT manifests 201",
      ].toSorted(),
    );
  });

  test("another tag needs one manifest request on each side", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const transport = docker();
    const from = transport.parseReference(`//${registry.host}/a:1`);
    const to = transport.parseReference(`//${registry.host}/a:2`);
    expect(await requestsOf(registry, from, to)).toEqual([
      "GET manifests 200",
      "HEAD manifests 404",
      "PUT manifests 201",
    ]);
  });

  test("another tag of a stored image from another registry needs no requests for blobs", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const to = docker().parseReference(`//${registry.host}/a:2`);
    expect(await requestsOf(registry, await inMemory(image), to)).toEqual([
      "HEAD manifests 200",
      "HEAD manifests 404",
      "PUT manifests 201",
    ]);
  });

  test("an existing image needs one request", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const to = docker().parseReference(`//${registry.host}/a:1`);
    expect(await requestsOf(registry, await inMemory(image), to)).toEqual(["HEAD manifests 200"]);
  });

  test("a layer that is compressed during the copy is sent in one request", async () => {
    const plain = await randomImage("plain", { layers: 1, compression: "none" });
    await using registry = await startRegistry();
    const to = docker().parseReference(`//${registry.host}/a:1`);
    expect(await requestsOf(registry, await inMemory(plain), to)).toEqual(
      [
        "HEAD manifests 404",
        "HEAD blobs 404",
        ...times(2, "POST blobs/uploads 202"),
        ...times(2, "PUT blobs/uploads 201"),
        "PUT manifests 201",
      ].toSorted(),
    );
  });
});
