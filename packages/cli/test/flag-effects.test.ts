import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { hexOf } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import { randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { s3 } from "@drayage/transport-s3";
import type { Command } from "commander";
import { describe, expect, test, vi } from "vitest";

import { copyOptionsOf } from "../src/commands/copy/copy-options.ts";
import { definedProgram } from "./defined-program.ts";
import { drayage, temporaryFolder } from "./drayage.ts";

/** The test that covers each flag, by file and a part of its title. Side flags are listed without prefix. */
const effects: Readonly<Record<string, readonly [file: string, title: string]>> = {
  "--version": ["command-line.test.ts", "--version prints to standard output"],
  "--debug": ["flag-effects.test.ts", "--debug prints stack traces"],
  "--command-timeout": [
    "copy/stopped-copy.test.ts",
    "on --command-timeout exits with 1 and reports the timeout",
  ],
  "--policy": [
    "commands/copy/copy.test.ts",
    "a restrictive policy file stops the copy after it read the manifest",
  ],
  "--insecure-policy": [
    "images/policy-file.test.ts",
    "is optional with a notice, unless --require-policy is set",
  ],
  "--require-policy": [
    "images/policy-file.test.ts",
    "is optional with a notice, unless --require-policy is set",
  ],
  "--override-os": ["commands/copy/copy-options.test.ts", "flags select the images to copy"],
  "--override-arch": [
    "commands/copy/copy.test.ts",
    "--platform and --override-arch select the same image, in any position",
  ],
  "--override-variant": ["copy/copy-archives.test.ts", "--override-variant=v7"],
  "--registries-conf": [
    "commands/list-tags.test.ts",
    "honours --registries-conf, which is not in the help",
  ],
  "--all": ["commands/copy/copy.test.ts", "--all copies the whole index and keeps its digest"],
  "--multi-arch": ["commands/copy/copy-options.test.ts", "flags select the images to copy"],
  "--strip-removed-platforms": [
    "commands/copy/copy-options.test.ts",
    "flags for the other platforms of a list",
  ],
  "--keep-removed-platforms": [
    "commands/copy/copy-options.test.ts",
    "flags for the other platforms of a list",
  ],
  "--platform": ["commands/copy/copy.test.ts", "several platforms make an index"],
  "--preserve-digests": [
    "commands/copy/copy.test.ts",
    "--preserve-digests fails if a digest would change",
  ],
  "--format": [
    "commands/copy/copy.test.ts",
    "reports both digests and the reason if a digest changes",
  ],
  "--add-compression": ["commands/copy/copy.test.ts", "--add-compression adds zstd instances"],
  "--digest-algorithm": [
    "flag-effects.test.ts",
    "--digest-algorithm names new blobs and manifests by sha512",
  ],
  "--conversion-ledger": [
    "flag-effects.test.ts",
    "--conversion-ledger stores a referrer of a converted image",
  ],
  "--remove-signatures": ["flag-effects.test.ts", "--remove-signatures copies without signatures"],
  "--encryption-key": [
    "commands/copy/encryption.test.ts",
    "--encryption-key encrypts layers, and --decryption-key decrypts them",
  ],
  "--encrypt-layer": [
    "commands/copy/encryption.test.ts",
    "--encrypt-layer selects layers from both ends",
  ],
  "--decryption-key": [
    "commands/copy/encryption.test.ts",
    "--encryption-key encrypts layers, and --decryption-key decrypts them",
  ],
  "--referrers": [
    "copy/copy-referrers.test.ts",
    "--referrers copies referrers and reports their number",
  ],
  "--referrer-type": [
    "copy/copy-referrers.test.ts",
    "--referrer-type copies referrers of one type",
  ],
  "--repair": ["flag-effects.test.ts", "--repair replaces a corrupt layer"],
  "--dry-run": ["commands/copy/copy.test.ts", "prints the plan and writes nothing"],
  "--json": ["commands/copy/copy.test.ts", "--dry-run --json prints the plan as JSON"],
  "--prices": ["commands/plan/plan.test.ts", "--prices estimates the cost"],
  "--digestfile": ["commands/copy/copy.test.ts", "--digestfile writes only the digest to the file"],
  "--image-parallel-copies": ["flag-effects.test.ts", "copy flags become copy options"],
  "--max-layer-size": ["copy/decompressed-layers.test.ts", "fails above --max-layer-size"],
  "--no-cache": ["buckets.test.ts", "restarts with --no-cache"],
  "--quiet": ["commands/copy/copy.test.ts", "--quiet prints nothing"],
  "--progress": [
    "commands/copy/copy.test.ts",
    "--progress=json writes one event per line to standard output",
  ],
  "--retry-times": [
    "process/retry.test.ts",
    "is retried as often as requested, and each retry is logged",
  ],
  "--retry-delay": [
    "process/retry.test.ts",
    "is retried as often as requested, and each retry is logged",
  ],
  "--creds": ["commands/copy/copy.test.ts", "sends credentials only to their own side"],
  "--username": ["commands/login/login.test.ts", "stores accepted credentials and reports where"],
  "--password": ["commands/login/login.test.ts", "warns about a password on the command line"],
  "--no-creds": ["buckets.test.ts", "a public bucket is readable with --no-creds"],
  "--registry-token": ["flag-effects.test.ts", "--registry-token is sent to the registry"],
  "--authfile": ["commands/login/login.test.ts", "share credentials, and log out of both"],
  "--tls-verify": [
    "commands/inspect/inspect.test.ts",
    "templates of summaries and configs render and fail alike",
  ],
  "--cert-dir": ["command-line.test.ts", "%j prints an error of one line to standard error"],
  "--daemon-host": [
    "docker-daemon.test.ts",
    "an image is copied in, inspected, copied out and deleted with --daemon-host of each side",
  ],
  "--s3-endpoint": ["buckets.test.ts", "an image is copied in, listed, copied out and deleted"],
  "--s3-region": ["buckets.test.ts", "an image is copied in, listed, copied out and deleted"],
  "--s3-path-style": [
    "flag-effects.test.ts",
    "--read reads blobs that the store has checksums of, --expires-in is at most a week, --s3-path-style puts the bucket into the path",
  ],
  "--shared-blob-dir": [
    "commands/copy/copy.test.ts",
    "--src-shared-blob-dir and --dest-shared-blob-dir set the shared blob folder of each side",
  ],
  "--parallel-ranges": [
    "commands/copy/copy.test.ts",
    "--src-parallel-ranges applies to registries and sources only",
  ],
  "--created": ["copy/copy-archives.test.ts", "has the metadata of the flags"],
  "--entrypoint": ["copy/copy-archives.test.ts", "has the metadata of the flags"],
  "--cmd": ["copy/copy-archives.test.ts", "has the metadata of the flags"],
  "--env": ["copy/copy-archives.test.ts", "has the metadata of the flags"],
  "--label": ["copy/copy-archives.test.ts", "has the metadata of the flags"],
  "--compress": ["flag-effects.test.ts", "--dest-compress compresses uncompressed layers"],
  "--decompress": [
    "commands/copy/copy.test.ts",
    "--dest-decompress decompresses layers and reports the changed digest",
  ],
  "--compress-format": [
    "commands/copy/copy.test.ts",
    "--dest-compress-format recompresses all layers",
  ],
  "--compress-level": [
    "commands/copy/copy.test.ts",
    "--dest-compress-level, --dest-force-compress-format and --dest-zstd-frames change how layers are recompressed",
  ],
  "--force-compress-format": [
    "commands/copy/copy.test.ts",
    "--dest-compress-level, --dest-force-compress-format and --dest-zstd-frames change how layers are recompressed",
  ],
  "--zstd-frames": [
    "commands/copy/copy.test.ts",
    "--dest-compress-level, --dest-force-compress-format and --dest-zstd-frames change how layers are recompressed",
  ],
  "--chunk-size": [
    "commands/copy/copy.test.ts",
    "--dest-chunk-size limits the size of upload requests",
  ],
  "--append": ["copy/copy-archives.test.ts", "an existing one is extended only with --dest-append"],
  "--additional-tag": [
    "copy/copy-failures.test.ts",
    "--additional-tag accepts several names, also separated by commas",
  ],
  "--registries.d": [
    "registry-flags.test.ts",
    "--registries.d names the folder that configures signature storage",
  ],
  "--oci-accept-uncompressed-layers": [
    "copy/decompressed-layers.test.ts",
    "--dest-oci-accept-uncompressed-layers",
  ],
  "--all-tags": [
    "commands/delete.test.ts",
    "deletes other tags only with --all-tags if the registry cannot delete a single tag",
  ],
  "--raw": ["commands/inspect/inspect.test.ts", "--raw prints the manifest unchanged"],
  "--config": [
    "commands/inspect/inspect.test.ts",
    "--config --raw prints the config unchanged; --config prints it as JSON",
  ],
  "--no-tags": ["commands/inspect/inspect.test.ts", "--no-tags does not list tags"],
  "--read": [
    "flag-effects.test.ts",
    "--read reads blobs that the store has checksums of, --expires-in is at most a week, --s3-path-style puts the bucket into the path",
  ],
  "--output": ["../../../tests/interop/signing.test.ts", "each verifies what the other signs"],
  "--passphrase-file": [
    "../../../tests/interop/signing.test.ts",
    "each verifies what the other signs",
  ],
  "--public-key-file": [
    "../../../tests/interop/signing.test.ts",
    "each verifies what the other signs",
  ],
  "--output-prefix": [
    "../../../tests/interop/signing.test.ts",
    "writes a pair that reads back, and replaces nothing",
  ],
  "--delete": ["buckets.test.ts", "s3 gc deletes unreferenced blobs with --delete only"],
  "--grace": ["buckets.test.ts", "s3 gc deletes unreferenced blobs with --delete only"],
  "--expires-in": [
    "flag-effects.test.ts",
    "--read reads blobs that the store has checksums of, --expires-in is at most a week, --s3-path-style puts the bucket into the path",
  ],
  "--password-stdin": [
    "commands/login/login.test.ts",
    "stores accepted credentials and reports where",
  ],
  "--get-login": ["commands/login/login.test.ts", "--get-login"],
  "--verbose": ["commands/login/login.test.ts", "--verbose"],
  "--compat-auth-file": ["commands/login/login.test.ts", "--compat-auth-file"],
};

describe("each flag has a test of its effect", () => {
  const commandsIn = (one: Command): readonly Command[] => [
    one,
    ...one.commands.flatMap(commandsIn),
  ];
  const options = commandsIn(definedProgram()).flatMap((one) => one.options);
  const bare = (long = ""): string => long.replace(/^--(?:src|dest)-/, "--");
  const flags = [...new Set(options.map(({ long }) => bare(long)))];

  test.each(flags)("%s", (flag) => {
    const [file, title] = effects[flag] ?? ["", ""];
    expect([flag, file]).not.toEqual([flag, ""]);
    const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
    const ownTable = text.indexOf("each flag has a test of its effect");
    expect(text.slice(Math.max(ownTable, 0))).toContain(title);
  });

  test("no other flag is listed", () => {
    expect(Object.keys(effects).filter((flag) => !flags.includes(flag))).toEqual([]);
  });
});

test("copy flags become copy options", () => {
  const flags = { progress: "auto", repair: true, imageParallelCopies: 3 } as const;
  expect(copyOptionsOf(flags)).toMatchObject({ repair: true, parallelBlobs: 3 });
  const none = copyOptionsOf({ progress: "auto" });
  expect([none.repair, none.parallelBlobs]).toEqual([undefined, undefined]);
});

describe("flags with an image in a folder", () => {
  const copy = ["copy", "--insecure-policy"];

  async function imageFolder(
    options: Parameters<typeof randomImage>[1] = {},
  ): Promise<
    AsyncDisposable & { path: string; image: Awaited<ReturnType<typeof randomImage>>; to: string }
  > {
    const folder = await temporaryFolder();
    const image = await randomImage("flags", options);
    const from = path.join(folder.path, "from");
    await writeImage(image, directory().parseReference(from));
    return { ...folder, path: from, image, to: path.join(folder.path, "to") };
  }

  test("--debug prints stack traces", async () => {
    const [plain, debug] = await Promise.all([
      drayage("inspect", "dir:/nonexistent"),
      drayage("inspect", "--debug", "dir:/nonexistent"),
    ]);
    expect(plain.stderr.split("\n")).toHaveLength(2);
    expect(debug.stderr).toMatch(/\n\s+at .+\[not-found\]/s);
  });

  test("--remove-signatures copies without signatures", async () => {
    await using from = await imageFolder();
    await writeFile(path.join(from.path, "signature-1"), Buffer.from([0xa0, 1, 2, 3]));
    const names = [`dir:${from.path}`, `oci:${from.to}:1`];
    expect((await drayage(...copy, ...names)).code).toBe(1);
    expect((await drayage(...copy, "--remove-signatures", ...names)).code).toBe(0);
  });

  test("--digest-algorithm names new blobs and manifests by sha512", async () => {
    await using from = await imageFolder({ layers: 1 });
    const flags = ["--digest-algorithm", "sha512", "--dest-compress-format", "zstd"];
    const force = "--dest-force-compress-format";
    const names = [`dir:${from.path}`, `oci:${from.to}:1`];
    expect(await drayage(...copy, ...flags, force, ...names)).toMatchObject({ code: 0 });
    // The manifest and the layer; the config does not change.
    expect(await readdir(path.join(from.to, "blobs/sha512"))).toHaveLength(2);
    expect(await readdir(path.join(from.to, "blobs/sha256"))).toHaveLength(1);
    const md5 = await drayage(...copy, "--digest-algorithm", "md5", ...names);
    expect(md5).toMatchObject({ code: 1, stderr: expect.stringContaining("sha512") });
  });

  test("--conversion-ledger stores a referrer of a converted image", async () => {
    await using from = await imageFolder({ layers: 1 });
    const names = [`dir:${from.path}`, `oci:${from.to}:1`];
    const flags = ["--conversion-ledger", "--format", "oci", "--dest-compress-format", "zstd"];
    const { code, stderr } = await drayage(
      ...copy,
      ...flags,
      "--dest-force-compress-format",
      ...names,
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const index = JSON.parse(await readFile(path.join(from.to, "index.json"), "utf8")) as {
      manifests: { digest: string; artifactType?: string }[];
    };
    const type = "application/vnd.drayage.conversion.v1+json";
    const ledger = index.manifests.find(({ artifactType }) => artifactType === type);
    expect(stderr).toContain(`ledger: ${ledger?.digest}`);
    const refused = await drayage(...copy, ...flags, `dir:${from.path}`, `dir:${from.to}-2`);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--conversion-ledger"),
    });
  });

  test("--repair replaces a corrupt layer", async () => {
    await using from = await imageFolder({ layers: 1 });
    const names = [`dir:${from.path}`, `dir:${from.to}`];
    await drayage(...copy, ...names);
    const [first] = from.image.layers.map(({ digest }) => hexOf(digest));
    const layer = path.join(from.to, first ?? "");
    const bytes = await readFile(layer);
    const others = Buffer.from(bytes).fill(0);
    await writeFile(layer, others);
    expect((await drayage(...copy, "--repair", ...names)).code).toBe(0);
    expect((await readFile(layer)).equals(bytes)).toBe(true);
  });

  test("--dest-compress compresses uncompressed layers", async () => {
    await using from = await imageFolder({ layers: 1 });
    const uncompressed = `dir:${from.to}-uncompressed`;
    await drayage(...copy, "--dest-decompress", `dir:${from.path}`, uncompressed);
    await drayage(...copy, "--dest-compress", uncompressed, `dir:${from.to}`);
    const manifest = await readFile(path.join(from.to, "manifest.json"), "utf8");
    expect(manifest).toContain("tar+gzip");
    const before = await readFile(path.join(`${from.to}-uncompressed`, "manifest.json"), "utf8");
    expect(before).not.toContain("tar+gzip");
  });
});

test("--registry-token is sent to the registry", async () => {
  const shown: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    shown.push(headers.authorization);
    if (headers.authorization !== undefined) response.writeHead(404).end();
    else
      response
        .writeHead(401, { "WWW-Authenticate": `Bearer realm="http://${headers.host}/token"` })
        .end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const flags = ["--raw", "--tls-verify=false", "--registry-token", "a-token"];
  expect((await drayage("inspect", ...flags, `docker://${host}/a:1`)).code).toBe(2);
  server.close();
  expect(shown).toContain("Bearer a-token");
});

describe("flags with an image in a bucket", () => {
  test("--read reads blobs that the store has checksums of, --expires-in is at most a week, --s3-path-style puts the bucket into the path", async () => {
    await using server = await startS3({ region: "eu-west-3" });
    const { credentials, endpoint } = server.access;
    vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey);
    vi.stubEnv("AWS_REGION", "eu-west-3");
    const name = "s3://bucket/flags:1";
    const image = await randomImage("bucket flags", { layers: 1 });
    await writeImage(image, s3(server.access).parseReference(name.slice("s3:".length)));
    const reach = ["--s3-endpoint", endpoint, "--s3-path-style"];
    const counts = async (...flags: readonly string[]): Promise<unknown> => {
      const { stdout } = await drayage("verify", "--json", ...flags, ...reach, name);
      const report = JSON.parse(stdout) as Record<"read" | "stored", { readonly count: number }>;
      return [report.read.count, report.stored.count];
    };
    expect(await counts()).toEqual([0, 2]);
    expect(await counts("--read")).toEqual([2, 0]);
    const presign = ["s3", "presign", ...reach];
    expect((await drayage(...presign, "--expires-in=168h", name)).code).toBe(0);
    expect((await drayage(...presign, "--expires-in=168h1s", name)).code).toBe(1);
    const { stdout } = await drayage(...presign, name);
    expect(stdout).toContain(`${new URL(endpoint).host}/bucket/`);
    vi.unstubAllEnvs();
  });
});
