import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { openImage } from "@drayage/core";
import type { NamedBlob } from "@drayage/core/manifest";
import { startS3 } from "@drayage/mock-servers";
import type { S3Server } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { certificateOf, ecKeys, outputOf, rsaKeys } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { InstalledCommand } from "./installed-command.ts";
import type { RunOptions } from "./installed-command.ts";

// These tests start programs that start others, and run next to all other tests.
vi.setConfig({ testTimeout: 120_000 });

let command: InstalledCommand;
let registry: Registry;
let secured: Registry;
let store: S3Server;
/** An image with uncompressed layers that are large enough for parallel compression. */
let stored: Awaited<ReturnType<typeof randomImage>>;
let image: string;

beforeAll(async () => {
  command = await InstalledCommand.install();
  registry = await startRegistry();
  const users = { ann: { password: "secret" } };
  secured = await startRegistry({ authentication: { kind: "basic", users } });
  store = await startS3();
  const layers = { layers: 2, layerSize: 3 << 20, compression: "none" } as const;
  stored = await randomImage("smoke", layers);
  const layout = path.join(command.home, "layout:image");
  await writeImage(stored, ociLayout().parseReference(layout));
  image = `oci:${layout}`;
}, 300_000);

afterAll(async () => {
  for (const server of [registry, secured, store]) await server[Symbol.asyncDispose]();
  await command[Symbol.asyncDispose]();
});

async function drayage(...args: readonly string[]): Promise<string> {
  return command.output(args, { env: s3Environment() });
}

function s3Environment(): NonNullable<RunOptions["env"]> {
  const { accessKeyId, secretAccessKey } = store.access.credentials;
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: store.access.region,
    AWS_ENDPOINT_URL_S3: store.access.endpoint,
  };
}

/** The digest of the manifest in the registry. */
async function digestOf(name: string): Promise<string> {
  const file = path.join(command.home, "manifest.json");
  await writeFile(file, await drayage("inspect", "--raw", name));
  return drayage("manifest-digest", file);
}

/** The name of the image in the registry. */
async function imageInRegistry(repository: string): Promise<string> {
  await registry.putImage(repository, stored, "1");
  return `docker://${registry.host}/${repository}:1`;
}

async function manifestFile(): Promise<string> {
  const file = path.join(command.home, "unsigned.json");
  await writeFile(file, "{}");
  return file;
}

/** A policy that accepts layouts only. */
async function policyFile(): Promise<string> {
  const file = path.join(command.home, "policy.json");
  const accept = [{ type: "insecureAcceptAnything" }];
  const policy = { default: [{ type: "reject" }], transports: { oci: { "": accept } } };
  await writeFile(file, JSON.stringify(policy));
  return file;
}

/** One effective use of each command. */
const uses: Readonly<Record<string, () => Promise<void>>> = {
  async copy() {
    const name = `docker://${registry.host}/copy:1`;
    const file = path.join(command.home, "digest.txt");
    await drayage("copy", "--digestfile", file, image, name);
    expect(registry.tags("copy")).toEqual(["1"]);
    expect(await digestOf(name)).toBe(`${await readFile(file, "utf8")}\n`);
    const several = [`docker://${registry.host}/copy:2`, `dir:${path.join(command.home, "dir")}`];
    await drayage("copy", "--quiet", name, ...several);
    expect(registry.tags("copy")).toEqual(["1", "2"]);
  },
  async plan() {
    const text = await drayage("plan", image, `docker://${registry.host}/plan:1`);
    expect(text).toContain("the digest changes from");
    expect(registry.tags("plan")).toEqual([]);
  },
  async apply() {
    const file = path.join(command.home, "plan.json");
    await writeFile(
      file,
      await drayage("plan", "--json", image, `docker://${registry.host}/apply:1`),
    );
    await drayage("apply", "--quiet", file);
    expect(registry.tags("apply")).toEqual(["1"]);
    const again = await command.run(["apply", file]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("no longer applies") });
  },
  async inspect() {
    const text = await drayage("inspect", await imageInRegistry("inspect"));
    expect(JSON.parse(text)).toMatchObject({ RepoTags: ["1"], Os: "linux" });
  },
  async verify() {
    await drayage("verify", await imageInRegistry("verify"));
    expect((await command.run(["verify", `docker://${registry.host}/verify:2`])).code).toBe(2);
  },
  async delete() {
    const name = await imageInRegistry("delete");
    await drayage("delete", name);
    expect((await command.run(["inspect", name])).code).toBe(2);
  },
  async "list-tags"() {
    await imageInRegistry("tags");
    const name = `docker://${registry.host}/tags`;
    expect(JSON.parse(await drayage("list-tags", name))).toMatchObject({ Tags: ["1"] });
  },
  async "list-repositories"() {
    await imageInRegistry("repositories");
    const { Repositories } = JSON.parse(
      await drayage("list-repositories", `docker://${registry.host}`),
    ) as { readonly Repositories: readonly string[] };
    expect(Repositories).toContain("repositories");
  },
  async "manifest-digest"() {
    const file = path.join(command.home, "small.json");
    await writeFile(file, "{}");
    const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    expect(await drayage("manifest-digest", file)).toBe(`${digest}\n`);
  },
  async "policy lint"() {
    expect(await drayage("policy", "lint", await policyFile())).toMatch(/ is valid\n$/);
  },
  async "policy check"() {
    const flags = ["policy", "check", "--policy", await policyFile()];
    expect(await drayage(...flags, image)).toContain('accepted by transports.oci[""]');
    const rejected = await command.run([...flags, await imageInRegistry("policy")]);
    expect(rejected).toMatchObject({ code: 1, stderr: expect.stringContaining("rejects") });
  },
  async "generate-sigstore-key"() {
    const [prefix, passphrase] = [path.join(command.home, "key"), path.join(command.home, "pass")];
    await writeFile(passphrase, "secret");
    const flags = ["--output-prefix", prefix, "--passphrase-file", passphrase];
    await drayage("generate-sigstore-key", ...flags);
    expect(await readFile(`${prefix}.private`, "utf8")).toMatch(/^-----BEGIN ENCRYPTED COSIGN/);
  },
  async "standalone-sign"() {
    const args = ["quay.io/team/app:1", "0".repeat(40), "-o", path.join(command.home, "none")];
    const failed = await command.run(["standalone-sign", await manifestFile(), ...args]);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("gpg") });
  },
  async "standalone-verify"() {
    const manifest = await manifestFile();
    const args = ["--public-key-file", manifest, manifest, "quay.io/team/app:1", "any", manifest];
    const failed = await command.run(["standalone-verify", ...args]);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/openpgp|keyring/i) });
  },
  async "untrusted-signature-dump-without-verification"() {
    const args = ["untrusted-signature-dump-without-verification", await manifestFile()];
    const failed = await command.run(args);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("OpenPGP") });
  },
  async login() {
    const flags = ["--username", "ann", "--password-stdin", secured.host];
    await command.output(["login", ...flags], { input: "secret" });
    await drayage("copy", "--quiet", image, `docker://${secured.host}/login:1`);
    expect(secured.tags("login")).toEqual(["1"]);
    const wrong = await command.run(["login", ...flags], { input: "wrong" });
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
  },
  async logout() {
    const flags = ["--username", "ann", "--password-stdin", secured.host];
    await command.output(["login", ...flags], { input: "secret" });
    await drayage("logout", secured.host);
    expect((await command.run(["list-tags", `docker://${secured.host}/login`])).code).toBe(1);
  },
  async "s3 gc"() {
    await drayage("copy", "--quiet", image, "s3://bucket/gc:1");
    expect(await drayage("s3", "gc", "s3://bucket/gc")).toBeDefined();
  },
  async "s3 presign"() {
    await drayage("copy", "--quiet", image, "s3://bucket/presign:1");
    const text = await drayage("s3", "presign", "s3://bucket/presign:1");
    const [url = ""] = /http:[^"]+manifest[^"]*|http:[^"]+blobs[^"]+/.exec(text) ?? [];
    expect((await fetch(url)).status).toBe(200);
  },
};

/** The commands in a help text, including those of command groups. */
async function commandsOf(...words: readonly string[]): Promise<readonly string[]> {
  const help = await drayage(...words, "--help");
  const [, list = ""] = /^Commands:\n((?: .*\n?)*)/m.exec(help) ?? [];
  const names = [...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name = ""]) => name);
  if (names.length === 0) return [words.join(" ")];
  const listed = names.filter((name) => name !== "help");
  return (await Promise.all(listed.map((name) => commandsOf(...words, name)))).flat();
}

describe("the installed command", () => {
  test("has a smoke test for every command in its help", async () => {
    expect((await commandsOf()).toSorted()).toEqual(Object.keys(uses).toSorted());
  });

  test.each(Object.keys(uses))("runs %s", async (name) => uses[name]?.());

  test("has the licenses of bundled packages", async () => {
    const file = path.join(command.location, "node_modules/drayage/dist/THIRD-PARTY-NOTICES.txt");
    const packages = (await readFile(file, "utf8")).match(/^[a-z][\w.-]+$/gm);
    // milo is a part of undici by other authors.
    expect(packages).toEqual(expect.arrayContaining(["commander", "client-s3", "undici", "milo"]));
  });

  test("runs with npx", async () => {
    const { version } = JSON.parse(
      await readFile(path.join(command.location, "node_modules/drayage/package.json"), "utf8"),
    ) as { readonly version: string };
    const node = path.dirname(process.execPath);
    const inLocation = [`PATH=${node}:${process.env["PATH"]}`, "npx", "--no", "--prefix"];
    const words = [...inLocation, command.location, "drayage", "--version"];
    expect(await outputOf("env", ...words)).toBe(`drayage ${version}\n`);
  });

  test("compresses as zstd:chunked", async () => {
    const chunked = `oci:${path.join(command.home, "chunked:1")}`;
    await drayage("copy", "--quiet", "--dest-compress-format", "zstd:chunked", image, chunked);
    expect(await drayage("inspect", "--raw", chunked)).toContain("zstd-chunked.manifest-checksum");
  });

  test("compresses in parallel with gzip and zstd, and decompresses", async () => {
    const [gzip, zstd, plain] = ["gzip", "zstd", "plain"].map((name) =>
      path.join(command.home, `${name}:1`),
    ) as [string, string, string];
    await drayage("copy", "--quiet", "--dest-compress", image, `oci:${gzip}`);
    expect(await layerTypesOf(gzip)).toMatch(/^(?:\S+tar\+gzip ?){2}$/);
    await drayage("copy", "--quiet", "--dest-compress-format", "zstd", image, `oci:${zstd}`);
    expect(await layerTypesOf(zstd)).toMatch(/^(?:\S+tar\+zstd ?){2}$/);
    for (const compressed of [gzip, zstd]) {
      await drayage("copy", "--quiet", "--dest-decompress", `oci:${compressed}`, `oci:${plain}`);
      expect(await layersOf(plain)).toMatchObject(stored.layers);
    }
  });

  test("encrypts and decrypts layers with the bundled libraries", async () => {
    const [secret, plain] = ["secret", "decrypted"].map((name) =>
      path.join(command.home, `${name}:1`),
    ) as [string, string];
    const [ec, rsa] = [ecKeys(), rsaKeys()];
    const at = (name: string): string => path.join(command.home, name);
    await writeFile(at("ec.pub"), ec.publicKey);
    await writeFile(at("ec.pem"), ec.privateKey);
    await writeFile(at("rsa.pem"), rsa.privateKey);
    await writeFile(at("certificate.pem"), certificateOf(rsa));
    const keys = `jwe:${at("ec.pub")},pkcs7:${at("certificate.pem")}`;
    await drayage("copy", "--quiet", "--encryption-key", keys, image, `oci:${secret}`);
    expect(await layerTypesOf(secret)).toMatch(/^(?:\S+\+encrypted ?){2}$/);
    for (const key of ["ec.pem", "rsa.pem"]) {
      await drayage(
        "copy",
        "--quiet",
        "--decryption-key",
        at(key),
        `oci:${secret}`,
        `oci:${plain}`,
      );
      expect(await layersOf(plain)).toMatchObject(stored.layers);
    }
  });

  test("stores its layer cache and compile cache in the user's home", async () => {
    const tar = path.join(command.home, "cached.tar");
    await drayage("copy", "--quiet", image, `docker-archive:${tar}:app:1`);
    await drayage("copy", "--quiet", `docker-archive:${tar}`, `docker://${registry.host}/first:1`);
    expect(existsSync(path.join(command.home, ".cache/drayage/blob-info.sqlite"))).toBe(true);
    registry.clear();
    await drayage("copy", "--quiet", `docker-archive:${tar}`, `docker://${registry.host}/next:1`);
    const uploads = registry.requests.filter(({ requestBytes }) => requestBytes > 1 << 20);
    expect(uploads, "cached layers").toEqual([]);
    const compiled = path.join(command.home, ".local/state/drayage/compile-cache");
    expect(await readdir(compiled)).toHaveLength(1);
  });
});

async function layersOf(layout: string): Promise<readonly NamedBlob[]> {
  await using opened = await openImage(ociLayout().parseReference(layout));
  return opened.layerInfos;
}

async function layerTypesOf(layout: string): Promise<string> {
  return (await layersOf(layout)).map(({ mediaType }) => mediaType).join(" ");
}
