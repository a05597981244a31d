import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
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
import { Interruption } from "../src/process/interruption.ts";
import { newProgram } from "../src/program.ts";
import { drayage, temporaryFolder } from "./drayage.ts";

/** The test that shows what a flag does, by its file and a part of its name; a flag of a side under its bare name. */
const effects: Readonly<Record<string, readonly [file: string, title: string]>> = {
  "--version": ["command-line.test.ts", "has a version, on standard output"],
  "--debug": ["flag-effects.test.ts", "--debug tells where an error came from"],
  "--command-timeout": ["copy/stopped-copy.test.ts", "by --command-timeout exits with 1"],
  "--policy": ["commands/copy/copy.test.ts", "a policy file that forbids anything stops the copy"],
  "--insecure-policy": ["images/policy-file.test.ts", "unless one is required"],
  "--require-policy": ["images/policy-file.test.ts", "unless one is required"],
  "--override-os": ["commands/copy/copy-options.test.ts", "which images are copied"],
  "--override-arch": [
    "commands/copy/copy.test.ts",
    "--platform and --override-arch choose the same image",
  ],
  "--override-variant": ["copy/copy-archives.test.ts", "--override-variant=v7"],
  "--registries-conf": [
    "commands/list-tags.test.ts",
    "goes where the file of --registries-conf leads",
  ],
  "--all": ["commands/copy/copy.test.ts", "--all takes it whole, with its digest"],
  "--multi-arch": ["commands/copy/copy-options.test.ts", "which images are copied"],
  "--platform": ["commands/copy/copy.test.ts", "several platforms make an index of them"],
  "--preserve-digests": [
    "commands/copy/copy.test.ts",
    "--preserve-digests fails rather than change one",
  ],
  "--format": ["commands/copy/copy.test.ts", "tells both digests and why where one changes"],
  "--remove-signatures": ["flag-effects.test.ts", "--remove-signatures leaves them behind"],
  "--referrers": ["copy/copy-referrers.test.ts", "--referrers brings what refers to the image"],
  "--referrer-type": ["copy/copy-referrers.test.ts", "--referrer-type brings those of a type"],
  "--repair": ["flag-effects.test.ts", "--repair replaces a layer that has other bytes"],
  "--dry-run": ["commands/copy/copy.test.ts", "prints the plan and writes nothing"],
  "--json": ["commands/copy/copy.test.ts", "--json prints it for programs"],
  "--digestfile": ["commands/copy/copy.test.ts", "writes the digest into a file, and nothing else"],
  "--image-parallel-copies": ["flag-effects.test.ts", "the flags of a copy become its options"],
  "--max-layer-size": ["copy/decompressed-layers.test.ts", "stops at --max-layer-size"],
  "--no-cache": ["buckets.test.ts", "begins anew without a cache"],
  "--quiet": ["commands/copy/copy.test.ts", "--quiet says nothing"],
  "--progress": ["commands/copy/copy.test.ts", "json is the copy's events on standard output"],
  "--retry-times": ["process/retry.test.ts", "is begun again as often as was asked"],
  "--retry-delay": ["process/retry.test.ts", "is begun again as often as was asked"],
  "--creds": ["commands/copy/copy.test.ts", "gets the credentials of its own side only"],
  "--username": ["commands/login/login.test.ts", "keeps what the registry takes, and says so"],
  "--password": ["commands/login/login.test.ts", "warns of a password that others can see"],
  "--no-creds": ["buckets.test.ts", "is read by anybody who says so, where anybody may"],
  "--registry-token": ["flag-effects.test.ts", "--registry-token is shown to the registry"],
  "--authfile": ["commands/login/login.test.ts", "read each other's credentials, and forget them"],
  "--tls-verify": ["commands/inspect/inspect.test.ts", "templates print the same and fail alike"],
  "--cert-dir": ["command-line.test.ts", "is answered in one line on standard error"],
  "--daemon-host": ["docker-daemon.test.ts", "by the flags of each side"],
  "--s3-endpoint": ["buckets.test.ts", "takes an image, lists it, gives it and deletes it"],
  "--s3-region": ["buckets.test.ts", "takes an image, lists it, gives it and deletes it"],
  "--s3-path-style": ["flag-effects.test.ts", "--s3-path-style writes the bucket into the path"],
  "--shared-blob-dir": ["commands/copy/copy.test.ts", "a shared blob folder is used by both sides"],
  "--parallel-ranges": ["commands/copy/copy.test.ts", "--src-parallel-ranges is of registries"],
  "--created": ["copy/copy-archives.test.ts", "is what the flags say"],
  "--entrypoint": ["copy/copy-archives.test.ts", "is what the flags say"],
  "--cmd": ["copy/copy-archives.test.ts", "is what the flags say"],
  "--env": ["copy/copy-archives.test.ts", "is what the flags say"],
  "--label": ["copy/copy-archives.test.ts", "is what the flags say"],
  "--compress": ["flag-effects.test.ts", "--dest-compress packs what is not packed"],
  "--decompress": ["commands/copy/copy.test.ts", "--dest-decompress unpacks layers"],
  "--compress-format": ["commands/copy/copy.test.ts", "--dest-compress-format packs layers so"],
  "--chunk-size": [
    "commands/copy/copy.test.ts",
    "--dest-chunk-size sends blobs in chunks of that size",
  ],
  "--append": ["copy/copy-archives.test.ts", "that is there is only added to with --dest-append"],
  "--additional-tag": ["copy/copy-failures.test.ts", "--additional-tag takes names with commas"],
  "--registries.d": ["registry-flags.test.ts", "--registries.d names the folder that says where"],
  "--oci-accept-uncompressed-layers": [
    "copy/decompressed-layers.test.ts",
    "--dest-oci-accept-uncompressed-layers",
  ],
  "--all-tags": ["commands/delete.test.ts", "removes other tags only with --all-tags"],
  "--raw": ["commands/inspect/inspect.test.ts", "--raw is the manifest, byte for byte"],
  "--config": ["commands/inspect/inspect.test.ts", "--config --raw is the config, byte for byte"],
  "--no-tags": ["commands/inspect/inspect.test.ts", "--no-tags does not ask for them"],
  "--read": ["flag-effects.test.ts", "--read reads what the store has a digest of"],
  "--delete": ["buckets.test.ts", "is cleared of what no image needs, once that is said"],
  "--grace": ["buckets.test.ts", "is cleared of what no image needs, once that is said"],
  "--expires-in": ["flag-effects.test.ts", "--expires-in takes a week and no more"],
  "--password-stdin": [
    "commands/login/login.test.ts",
    "keeps what the registry takes, and says so",
  ],
  "--get-login": ["commands/login/login.test.ts", "--get-login"],
  "--verbose": ["commands/login/login.test.ts", "--verbose"],
  "--compat-auth-file": ["commands/login/login.test.ts", "--compat-auth-file"],
};

describe("each flag has a test of what it does", () => {
  using interruption = new Interruption(process);
  const commandsIn = (one: Command): readonly Command[] => [
    one,
    ...one.commands.flatMap(commandsIn),
  ];
  const options = commandsIn(newProgram(interruption)).flatMap((one) => one.options);
  const bare = (long = ""): string => long.replace(/^--(?:src|dest)-/, "--");
  const flags = [...new Set(options.map(({ long }) => bare(long)))];

  test.each(flags)("%s", (flag) => {
    const [file, title] = effects[flag] ?? ["", ""];
    expect([flag, file]).not.toEqual([flag, ""]);
    const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
    const ownTable = text.indexOf("each flag has a test of what it does");
    expect(text.slice(Math.max(ownTable, 0))).toContain(title);
  });

  test("and no other", () => {
    expect(Object.keys(effects).filter((flag) => !flags.includes(flag))).toEqual([]);
  });
});

test("the flags of a copy become its options", () => {
  const flags = { progress: "auto", repair: true, imageParallelCopies: 3 } as const;
  expect(copyOptionsOf(flags)).toMatchObject({ repair: true, parallelBlobs: 3 });
  const none = copyOptionsOf({ progress: "auto" });
  expect([none.repair, none.parallelBlobs]).toEqual([undefined, undefined]);
});

describe("with an image in a folder", () => {
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

  test("--debug tells where an error came from", async () => {
    const [plain, debug] = await Promise.all([
      drayage("inspect", "dir:/nonexistent"),
      drayage("inspect", "--debug", "dir:/nonexistent"),
    ]);
    expect(plain.stderr.split("\n")).toHaveLength(2);
    expect(debug.stderr).toMatch(/\n\s+at .+\[not-found\]/s);
  });

  test("--remove-signatures leaves them behind", async () => {
    await using from = await imageFolder();
    await writeFile(path.join(from.path, "signature-1"), Buffer.from([0xa0, 1, 2, 3]));
    const names = [`dir:${from.path}`, `oci:${from.to}:1`];
    expect((await drayage(...copy, ...names)).code).toBe(1);
    expect((await drayage(...copy, "--remove-signatures", ...names)).code).toBe(0);
  });

  test("--repair replaces a layer that has other bytes", async () => {
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

  test("--dest-compress packs what is not packed", async () => {
    await using from = await imageFolder({ layers: 1 });
    const unpacked = `dir:${from.to}-unpacked`;
    await drayage(...copy, "--dest-decompress", `dir:${from.path}`, unpacked);
    await drayage(...copy, "--dest-compress", unpacked, `dir:${from.to}`);
    const manifest = await readFile(path.join(from.to, "manifest.json"), "utf8");
    expect(manifest).toContain("tar+gzip");
    const before = await readFile(path.join(`${from.to}-unpacked`, "manifest.json"), "utf8");
    expect(before).not.toContain("tar+gzip");
  });
});

test("--registry-token is shown to the registry", async () => {
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

describe("with an image in a bucket", () => {
  test("--read reads what the store has a digest of, --expires-in takes a week and no more, --s3-path-style writes the bucket into the path", async () => {
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
