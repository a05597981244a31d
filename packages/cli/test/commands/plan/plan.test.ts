import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { randomImage, randomIndex } from "@drayage/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { drayage as run, temporaryFolder } from "../../drayage.ts";
import type { Run } from "../../drayage.ts";

let registry: Registry;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;
let [source, destination, file] = ["", "", ""];
const index = await randomIndex("plan-command", { attestation: true });
const other = await randomImage("plan-command-other");

beforeAll(async () => {
  registry = await startRegistry();
  folder = await temporaryFolder();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

beforeEach(async () => {
  const name = `plan/image${count++}`;
  await registry.putImage(name, index, "1");
  source = `docker://${registry.host}/${name}:1`;
  destination = `dir:${path.join(folder.path, String(count))}`;
  file = path.join(folder.path, `${count}.json`);
});

function plan(...args: readonly string[]): Promise<Run> {
  return run("plan", "--insecure-policy", ...args);
}

function apply(...args: readonly string[]): Promise<Run> {
  return run("apply", "--insecure-policy", ...args);
}

/** Writes the plan of a copy to the file. */
async function planned(...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await plan("--json", ...args, source, destination);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  await writeFile(file, stdout);
}

describe("plan", () => {
  test("prints the steps, the transfers and the digests, and writes nothing", async () => {
    const { code, stdout, stderr } = await plan("--all", source, destination);
    expect(stdout).toContain(`Copy ${source} to ${destination}\n`);
    expect(stdout).toContain(`no digest changes (${index.manifest.digest})`);
    expect(stdout).toMatch(/\n {2}sent unless present: \d+ blobs, .+: the destination is asked/);
    expect(stdout).not.toContain("cost");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const missing = await run("inspect", destination);
    expect(missing.code).not.toBe(0);
  });

  test("--prices estimates the cost", async () => {
    await writeFile(file, '{"currency":"EUR","source":{"egressPerGB":1000}}');
    const { code, stdout } = await plan("--prices", file, source, destination);
    expect(stdout).toMatch(/estimated cost: at most 0\.\d+ EUR.*\n +0\.\d+ EUR: \d+ egress/);
    expect(code).toBe(0);
  });

  test("--prices rejects invalid tables, missing files and --json", async () => {
    await writeFile(file, '{"currency":"EUR","egress":1}');
    const results = await Promise.all([
      plan("--prices", file, source, destination),
      plan("--prices", `${file}.missing`, source, destination),
      plan("--prices", file, "--json", source, destination),
    ]);
    expect(results.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(results.map(({ stderr }) => stderr)).toEqual([
      expect.stringMatching(/^drayage: Invalid price table: egress: /),
      expect.stringContaining("cannot be read: it does not exist"),
      expect.stringContaining("--prices cannot be used with --json"),
    ]);
  });

  test("of a missing image exits with 2", async () => {
    const { code } = await plan(`${source}-missing`, destination);
    expect(code).toBe(2);
  });
});

describe("apply", () => {
  test("does what the plan contains, like a copy with the flags of the plan", async () => {
    await planned("--multi-arch", "linux/arm64,linux/amd64");
    const applied = await apply("--digestfile", `${file}.digest`, file);
    expect(applied.code).toBe(0);
    const copy = `${destination}-copy`;
    const copied = await run(
      "copy",
      "--insecure-policy",
      "--multi-arch=linux/arm64,linux/amd64",
      "--digestfile",
      `${file}.copied`,
      source,
      copy,
    );
    expect(copied.code).toBe(0);
    expect(applied.stderr.replaceAll(destination, "")).toBe(
      copied.stderr.replaceAll(copy, "").replaceAll(destination, ""),
    );
    const [digest, expected] = await Promise.all(
      [`${file}.digest`, `${file}.copied`].map(async (one) => readFile(one, "utf8")),
    );
    expect(digest).toBe(expected);
  });

  test("stops if the source has changed", async () => {
    await planned();
    await registry.putImage(`plan/image${count - 1}`, other, "1");
    const { code, stderr } = await apply(file);
    expect(stderr).toContain(
      `The plan no longer applies: ${source} is ${other.manifest.digest} now, but was ${index.manifest.digest}`,
    );
    expect(code).toBe(1);
  });

  test("stops if the destination has changed, and when it is repeated", async () => {
    await planned();
    expect((await apply(file)).code).toBe(0);
    const { code, stderr } = await apply(file);
    expect(stderr).toMatch(/names sha256:\w+ now, but named no image; make a new plan/);
    expect(code).toBe(1);
  });

  test("requires the flags of the destination again", async () => {
    await planned("--dest-decompress");
    const without = await apply(file);
    expect(without.stderr).toContain('has layers "preserve" now, but had "decompress"');
    expect(without.code).toBe(1);
    expect((await apply("--dest-decompress", file)).code).toBe(0);
  });

  test("uses recorded flags of compression, which it does not take", async () => {
    await planned("--format", "oci", "--dest-compress", "--dest-compress-format", "zstd");
    const { stderr } = await apply("--dest-compress-format", "zstd", file);
    expect(stderr).toContain("--dest-compress-format");
    const applied = await apply("--dest-compress", file);
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringContaining("digest changed")]);
  });

  test("compresses layers as zstd:chunked", async () => {
    await planned("--format", "oci", "--dest-compress", "--dest-compress-format", "zstd:chunked");
    const applied = await apply("--dest-compress", file);
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringContaining("digest changed")]);
    const { stdout } = await run("inspect", "--raw", destination);
    expect(stdout).toContain("zstd-chunked");
  });

  test("rejects a file that is not a plan", async () => {
    await planned();
    const content = await readFile(file, "utf8");
    await writeFile(file, content.replace('"version": 1', '"version": 2'));
    const [later, missing] = await Promise.all([apply(file), apply(`${file}.missing`)]);
    expect(later.stderr).toContain("only version 1 is supported");
    expect(missing.stderr).toContain("cannot be read: it does not exist");
    expect([later.code, missing.code]).toEqual([1, 1]);
  });

  test("of a source that is gone exits with 2", async () => {
    await planned();
    const content = await readFile(file, "utf8");
    await writeFile(file, content.replaceAll(source, `${source}-gone`));
    expect((await apply(file)).code).toBe(2);
  });
});
