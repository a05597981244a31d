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

function leadingTo(location: string, prefix = "registry.example/team", more = ""): string {
  return `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n${more}`;
}

describe("an image that is elsewhere than its name says", () => {
  test("is written, listed, read and deleted there", async () => {
    await using registry = await startRegistry();
    const there = leadingTo(`${registry.host}/kept/here`);
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

  test("may be on any host below another", async () => {
    await using registry = await startRegistry();
    await registry.putImage("team/a", image, "1");
    const reference = await named(
      "//some.registry.example/team/a:1",
      leadingTo(registry.host, "*.registry.example"),
    );
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
  });

  test("is called by its own name in errors", async () => {
    await using registry = await startRegistry();
    const reference = await named("//registry.example/team/a:1", leadingTo(registry.host));
    await expect(openImage(reference)).rejects.toMatchObject({
      code: "not-found",
      reference: "docker://registry.example/team/a:1",
      message: expect.stringContaining(`${registry.host}/a`) as string,
    });
  });

  test("does not get the credentials for where its name says", async () => {
    await using registry = await startRegistry(basic);
    const there = leadingTo(registry.host);
    const denied = await named("//registry.example/team/a:1", there, { credentials: ann });
    await expect(Array.fromAsync(denied.getTags())).rejects.toMatchObject({ code: "denied" });
    const hosts: string[] = [];
    const credentials = (host: string): typeof ann => {
      hosts.push(host);
      return ann;
    };
    await registry.putImage("a", image, "1");
    const asked = await named("//registry.example/team/a:1", there, { credentials });
    expect(await Array.fromAsync(asked.getTags())).toEqual(["1"]);
    expect(hosts).toEqual([registry.host]);
  });

  test("lends its blobs to others of the registry where it is", async () => {
    await using registry = await startRegistry();
    await registry.putImage("a", image, "1");
    const from = await named("//registry.example/team/a:1", leadingTo(registry.host));
    await copyImage(from, docker({ registriesConf: false }).parseReference(`//${registry.host}/b`));
    const statuses = registry.requests.flatMap(({ method, status }) =>
      method === "POST" ? [status] : [],
    );
    expect(statuses).toEqual(Array.from(image.blobs, () => 201));
  });

  test("is nowhere where that is no name", async () => {
    const reference = await named("//registry.example/team:1", leadingTo("other.example"));
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

  test("tells nobody which repositories it has", async () => {
    await using registry = await startRegistry();
    const conf = await confWith(`[[registry]]\nlocation = "${registry.host}"\nblocked = true`);
    const listed = Array.fromAsync(docker(conf).getRepositories(registry.host));
    await expect(listed).rejects.toMatchObject({ code: "untrusted" });
    expect(registry.requests).toEqual([]);
  });
});

describe("registries.conf", () => {
  test("is read once, and not before something is asked", async () => {
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

  test("that is broken refuses all that is asked", async () => {
    const reference = await named("//registry.example/a:1", "[[registry]]\ninsecure = 1");
    const refused = { code: "unsupported" };
    await expect(reference.newImageSource()).rejects.toMatchObject(refused);
    await expect(reference.newImageDestination()).rejects.toMatchObject(refused);
    await expect(reference.deleteImage()).rejects.toMatchObject(refused);
    await expect(Array.fromAsync(reference.getTags())).rejects.toMatchObject(refused);
  });

  test("says who keeps credentials", async () => {
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
