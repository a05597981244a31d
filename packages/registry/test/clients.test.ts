import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { digestOf } from "@drayage/core";
import { findProgram } from "@drayage/test-support";
import { randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { RegistryUsers } from "../src/access/authentication.ts";
import type { RegistrySettings } from "../src/registry-settings.ts";
import { startRegistry } from "../src/registry.ts";
import type { Registry } from "../src/registry.ts";

const [skopeo, crane, oras] = ["skopeo", "crane", "oras"].map(findProgram);
type AddTest = (name: string, body: () => Promise<void>) => void;

/** Rarely packaged tools: their tests run only if the tools are installed. */
const testWith = (tool: string | undefined): AddTest => (tool === undefined ? () => {} : test);

const users: RegistryUsers = { somebody: { password: "secret" } };

const image = await randomImage("clients", { layerSize: 300_000 });
const docker = await randomImage("docker clients", { format: "docker" });
const index = await randomIndex("clients");

/** Each client must work with a registry of each of these kinds. */
const kinds: readonly (readonly [kind: string, settings: RegistrySettings])[] = [
  ["strict", {}],
  [
    "absolute locations, redirected blobs, small pages",
    { locations: "absolute", redirectBlobs: true, pageSize: 1 },
  ],
  ["no mounts, single POST or referrers", { mounts: "never", singlePost: false, referrers: false }],
  ["basic authentication", { authentication: { kind: "basic", users } }],
  ["bearer authentication", { authentication: { kind: "bearer", users, tokenLifetime: 60 } }],
  [
    "a separate token server",
    { authentication: { kind: "bearer", users, separateTokenServer: true }, redirectBlobs: true },
  ],
];

async function run(program: string | undefined, line: string, home: string): Promise<string> {
  const environment = { ...process.env, HOME: home, DOCKER_CONFIG: home };
  const child = spawn(program ?? "", line.split(" "), { env: environment, cwd: home });
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const code = child.exitCode ?? (await new Promise((resolve) => child.on("exit", resolve)));
  if (code !== 0) throw new Error(`${line}: ${complaint}`);
  return output;
}

describe.each(kinds)("a registry with %s", { timeout: 60_000 }, (_, settings) => {
  let registry: Registry;
  let home: string;

  beforeAll(async () => {
    registry = await startRegistry(settings);
    home = await mkdtemp(join(tmpdir(), "clients-"));
    const auth = Buffer.from("somebody:secret").toString("base64");
    const config = { auths: { [registry.host]: { auth } } };
    await writeFile(join(home, "config.json"), JSON.stringify(config));
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await rm(home, { recursive: true });
  });

  const has = async (repository: string, tag: string, whole: WholeImage): Promise<void> => {
    expect(registry.findManifest(repository, tag)).toEqual(whole.manifest);
    for (const instance of whole.instances) {
      expect(registry.findManifest(repository, instance.digest)).toEqual(instance);
    }
    for (const [digest, bytes] of whole.blobs) {
      const stored = await registry.findBlob(repository, digest);
      expect(stored && digestOf(stored)).toBe(digest);
      expect(stored?.byteLength).toBe(bytes.byteLength);
    }
  };

  test.skipIf(skopeo === undefined)("works with skopeo", async () => {
    const credentials = settings.authentication ? "somebody:secret" : undefined;
    const both = credentials ? ` --src-creds=${credentials} --dest-creds=${credentials}` : "";
    const copying =
      "copy --quiet --insecure-policy --preserve-digests --all " +
      `--src-tls-verify=false --dest-tls-verify=false${both}`;
    const plain = `--tls-verify=false${credentials ? ` --creds=${credentials}` : ""}`;
    for (const [name, whole] of Object.entries({ image, docker, index })) {
      await registry.putImage(`skopeo/${name}`, whole, "in");
      const source = `docker://${registry.host}/skopeo/${name}:in`;
      await run(skopeo, `${copying} ${source} dir:${join(home, name)}`, home);
      const target = `docker://${registry.host}/skopeo/copy-of-${name}`;
      await run(skopeo, `${copying} dir:${join(home, name)} ${target}:one`, home);
      await run(skopeo, `${copying} ${target}:one ${target}:two`, home);
      await run(skopeo, `${copying} ${target}:one ${target}/external:three`, home);
      await has(`skopeo/copy-of-${name}`, "two", whole);
      await has(`skopeo/copy-of-${name}/external`, "three", whole);
      const tags = await run(skopeo, `list-tags ${plain} ${target}`, home);
      expect((JSON.parse(tags) as { Tags: unknown }).Tags).toEqual(["one", "two"]);
      await run(skopeo, `delete ${plain} ${target}:one`, home);
      expect(registry.tags(`skopeo/copy-of-${name}`)).toEqual([]);
    }
  });

  testWith(crane)("works with crane", async () => {
    const host = `${registry.host}/crane`;
    for (const [name, whole] of Object.entries({ image, docker, index })) {
      await registry.putImage(`crane/${name}`, whole, "in");
      const folder = join(home, `crane-${name}`);
      await run(crane, `pull --insecure --format=oci ${host}/${name}:in ${folder}`, home);
      const kind = name === "index" ? "--index" : "--index=false";
      await run(crane, `push --insecure ${kind} ${folder} ${host}/pushed/${name}:out`, home);
      registry.clear();
      await run(crane, `copy --insecure ${host}/${name}:in ${host}/copied/${name}:out`, home);
      await has(`crane/copied/${name}`, "out", whole);
      const posts = registry.requests.filter(({ query }) => query.startsWith("from="));
      const mounted = settings.mounts === "never" ? 202 : 201;
      expect(posts.map(({ status }) => status)).toContain(mounted);
      const digest = await run(crane, `digest --insecure ${host}/${name}:in`, home);
      expect(digest.trim()).toBe(whole.manifest.digest);
      await run(crane, `validate --insecure --remote ${host}/${name}:in`, home);
    }
    await has("crane/pushed/image", "out", image);
    await run(crane, `tag --insecure ${host}/image:in also`, home);
    expect(await run(crane, `ls --insecure ${host}/image`, home)).toBe("also\nin\n");
    expect(await run(crane, `catalog --insecure ${registry.host}`, home)).toContain(
      "crane/image\n",
    );
    await run(crane, `delete --insecure ${host}/image:also`, home);
    expect(registry.tags("crane/image")).toEqual(["in"]);
  });

  testWith(oras)("works with oras", async () => {
    const host = `${registry.host}/oras`;
    const plain = "--plain-http";
    const both = "--from-plain-http --to-plain-http";
    for (const [name, whole] of Object.entries({ image, docker, index })) {
      await registry.putImage(`oras/${name}`, whole, "in");
      await run(oras, `cp -r ${both} ${host}/${name}:in ${host}/copied/${name}:out`, home);
      await has(`oras/copied/${name}`, "out", whole);
    }
    await writeFile(join(home, "note.txt"), "a note");
    const subject = `${host}/image:in`;
    await run(
      oras,
      `attach ${plain} --artifact-type text/note ${subject} note.txt:text/plain`,
      home,
    );
    const found = await run(oras, `discover ${plain} --format json ${subject}`, home);
    expect(found).toContain('"artifactType": "text/note"');
    const tags = await run(oras, `repo tags ${plain} ${host}/image`, home);
    expect(tags.split("\n")).toContain("in");
  });
});
