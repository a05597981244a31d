import { writeFile } from "node:fs/promises";

import { copyImage, openImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startRegistry } from "@drayage/registry";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../src/index.ts";
import type { DockerReference, DockerSettings } from "../src/index.ts";
import { systemWithHelper } from "./credentials/helper-program.ts";
import { confWith } from "./registries-conf/scratch-conf.ts";

const image = await randomImage("rewriting", { layers: 2 });
const ann = { username: "ann", password: "secret" };
const basic = {
  authentication: { kind: "basic", users: { ann: { password: "secret" } } },
} as const;

async function named(
  name: string,
  conf: string,
  settings: DockerSettings = {},
): Promise<DockerReference> {
  return docker({ ...(await confWith(conf)), ...settings }).parseReference(name);
}

function relocatedTo(location: string, prefix = "registry.example/team", more = ""): string {
  return `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n${more}`;
}

describe("a relocated image", () => {
  test("is written, listed, read and deleted at its location", async () => {
    await using registry = await startRegistry();
    const there = relocatedTo(`${registry.host}/kept/here`);
    const reference = await named("//registry.example/team/a:1", there);
    await copyImage(await inMemory(image), reference);
    expect(registry.tags("kept/here/a")).toEqual(["1"]);
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
    await using opened = await openImage(reference);
    expect((await opened.inspect()).architecture).toBe("amd64");
    await copyImage(reference, memory().parseReference("a"));
    await reference.deleteImage();
    expect(registry.tags("kept/here/a")).toEqual([]);
  });

  test("may match a wildcard of hosts", async () => {
    await using registry = await startRegistry();
    await registry.putImage("team/a", image, "1");
    const reference = await named(
      "//some.registry.example/team/a:1",
      relocatedTo(registry.host, "*.registry.example"),
    );
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
  });

  test("has its original name in errors", async () => {
    await using registry = await startRegistry();
    const reference = await named("//registry.example/team/a:1", relocatedTo(registry.host));
    await expect(openImage(reference)).rejects.toMatchObject({
      code: "not-found",
      reference: "docker://registry.example/team/a:1",
      message: expect.stringContaining(`${registry.host}/a`) as string,
    });
  });

  test("does not get the credentials of its original host", async () => {
    await using registry = await startRegistry(basic);
    const there = relocatedTo(registry.host);
    const denied = await named("//registry.example/team/a:1", there, { credentials: ann });
    await expect(Array.fromAsync(denied.getTags())).rejects.toMatchObject({ code: "denied" });
    const hosts: string[] = [];
    const credentials = (host: string): typeof ann => {
      hosts.push(host);
      return ann;
    };
    await registry.putImage("a", image, "1");
    const reference = await named("//registry.example/team/a:1", there, { credentials });
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
    expect(hosts).toEqual([registry.host]);
  });

  test("shares blobs with other images at its location", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const from = await named("//registry.example/team/a:1", relocatedTo(registry.host));
    await copyImage(from, docker({ registriesConf: false }).parseReference(`//${registry.host}/b`));
    const statuses = registry.requests.flatMap(({ method, status }) =>
      method === "POST" ? [status] : [],
    );
    expect(statuses).toEqual(Array.from(image.blobs, () => 201));
  });

  test("is invalid if its location is not a valid name", async () => {
    const reference = await named("//registry.example/team:1", relocatedTo("other.example"));
    await expect(reference.newImageSource()).rejects.toMatchObject({ code: "invalid-reference" });
  });
});

describe("a registry that is blocked", () => {
  test.each<[string, (reference: DockerReference) => Promise<unknown>]>([
    ["read", async (from) => copyImage(from, memory().parseReference("a"))],
    ["written", async (to) => copyImage(await inMemory(image), to)],
    ["listed", async (reference) => Array.fromAsync(reference.getTags())],
    ["deleted", async (reference) => reference.deleteImage()],
  ])("is not %s", async (_, use) => {
    await using registry = await startRegistry();
    const conf = await confWith(`[[registry]]\nlocation = "${registry.host}"\nblocked = true`);
    const reference = docker(conf).parseReference(`//${registry.host}/a:1`);
    await expect(use(reference)).rejects.toMatchObject({
      code: "untrusted",
      message: expect.stringContaining(`is blocked in ${conf.registriesConf}`) as string,
    });
    expect(registry.requests).toEqual([]);
  });

  test("does not list repositories", async () => {
    await using registry = await startRegistry();
    const conf = await confWith(`[[registry]]\nlocation = "${registry.host}"\nblocked = true`);
    const listed = Array.fromAsync(docker(conf).getRepositories(registry.host));
    await expect(listed).rejects.toMatchObject({ code: "untrusted" });
    expect(registry.requests).toEqual([]);
  });
});

describe("registries.conf", () => {
  test("is read once, and only before the first request", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const conf = await confWith("broken");
    const transport = docker(conf);
    const reference = transport.parseReference(`//${registry.host}/a:1`);
    await writeFile(conf.registriesConf, "");
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
    await writeFile(conf.registriesConf, "broken");
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
  });

  test("that is invalid rejects all operations", async () => {
    const reference = await named("//registry.example/a:1", "[[registry]]\ninsecure = 1");
    const refused = { code: "unsupported" };
    await expect(reference.newImageSource()).rejects.toMatchObject(refused);
    await expect(reference.newImageDestination()).rejects.toMatchObject(refused);
    await expect(reference.deleteImage()).rejects.toMatchObject(refused);
    await expect(Array.fromAsync(reference.getTags())).rejects.toMatchObject(refused);
  });

  test("configures credential helpers", async () => {
    await using registry = await startRegistry(basic);
    await registry.putImage("a", image, "1");
    const folder = await scratchFolder();
    const script = `echo '{"Username":"ann","Secret":"secret"}'`;
    const system = await systemWithHelper(folder, "kept", script);
    const conf = 'credential-helpers = ["kept"]';
    const reference = await named(`//${registry.host}/a:1`, conf, { system });
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
  });
});
