import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { findProgram, outputOf, tarFile } from "@drayage/test-support";
import { randomImage, randomIndex, writeImage } from "@drayage/testkit";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { command, drayage, temporaryFolder } from "../drayage.ts";
import type { Run } from "../drayage.ts";

const skopeo = findProgram("skopeo");
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let [one, two, index] = ["", "", ""];
let count = 0;
let file = "";

beforeAll(async () => {
  folder = await temporaryFolder();
  const layout = path.join(folder.path, "layout");
  [one, two, index] = [`oci:${layout}:one`, `oci:${layout}:two`, `oci:${layout}:index`];
  const parse = (name: string): ReturnType<ReturnType<typeof ociLayout>["parseReference"]> =>
    ociLayout().parseReference(name.slice("oci:".length));
  await writeImage(await randomImage("one"), parse(one));
  await writeImage(await randomImage("two"), parse(two));
  await writeImage(await randomIndex("index"), parse(index));
});

afterAll(() => folder[Symbol.asyncDispose]());

beforeEach(() => {
  file = path.join(folder.path, `${count++}.tar`);
});

function copy(...args: readonly string[]): Promise<Run> {
  return drayage("copy", "--quiet", "--insecure-policy", ...args);
}

async function copied(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await copy(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

async function parsed(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await drayage(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("a docker archive", () => {
  test("has the image under its name and under each --additional-tag", async () => {
    const archive = `docker-archive:${file}`;
    const tags = ["--additional-tag", "example.com/b:2", "--additional-tag=example.com/c"];
    await copied(one, `${archive}:example.com/a:1`, ...tags);
    const names = ["example.com/a:1", "example.com/b:2", "example.com/c:latest"];
    expect(await parsed("list-tags", archive)).toEqual({ Tags: names });
    expect(await parsed("inspect", `${archive}:example.com/c`)).toMatchObject({
      Name: "example.com/c",
      RepoTags: [],
    });
  });

  test("an existing one is extended only with --dest-append", async () => {
    const archive = `docker-archive:${file}`;
    await copied(one, `${archive}:example.com/one:1`);
    const refused = await copy(two, `${archive}:example.com/two:2`);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(file) as string });
    await copied("--dest-append", two, `${archive}:example.com/two:2`);
    const names = ["example.com/one:1", "example.com/two:2"];
    expect(await parsed("list-tags", archive)).toEqual({ Tags: names });
    const { code, stderr } = await drayage("inspect", archive);
    expect(stderr).toMatch(/2 images; select one of example.com\/one:1, example.com\/two:2, @0/);
    expect(code).toBe(2);
  });

  test("exits with 2 and lists the available names if the name does not exist", async () => {
    await copied(one, `docker-archive:${file}:example.com/one:1`);
    const { code, stderr } = await drayage("inspect", `docker-archive:${file}:example.com/one:2`);
    expect(stderr).toMatch(/did you mean example.com\/one:1\?/);
    expect(code).toBe(2);
  });

  test.each([
    ["-", "-"],
    ["/dev/stdout", "/dev/stdin"],
  ])("is piped by %s and %s", async (output, input) => {
    const run = `'${[process.execPath, ...command].join("' '")}' copy -q --insecure-policy`;
    const writing = `${run} ${one} docker-archive:${output}:a`;
    const reading = `${run} docker-archive:${input} docker-archive:${file}:b`;
    await outputOf("sh", "-c", `${writing} | ${reading}`);
    await copied(one, `docker-archive:${file}:c`, "--dest-append");
    const names = ["docker.io/library/b:latest", "docker.io/library/c:latest"];
    expect(await parsed("list-tags", `docker-archive:${file}`)).toEqual({ Tags: names });
    expect(await parsed("inspect", `docker-archive:${file}`)).toBeDefined();
  });

  test.each(["-", "/dev/stdout"])("is written by %s to a socket", async (output) => {
    const { code, bytes } = await copy(one, `docker-archive:${output}:a`);
    expect(code).toBe(0);
    await writeFile(file, bytes);
    const names = ["docker.io/library/a:latest"];
    expect(await parsed("list-tags", `docker-archive:${file}`)).toEqual({ Tags: names });
  });

  test.each(["/dev/stdout", "-"])("cannot share %s with events", async (output) => {
    const to = `docker-archive:${output}`;
    const args = ["--insecure-policy", "--progress=json", one, to];
    const { code, stdout, stderr } = await drayage("copy", ...args);
    expect(stderr).toMatch(/--progress=json and the archive both write to standard output/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test.skipIf(skopeo === undefined)("list-tags prints the same as skopeo", async () => {
    const archive = `docker-archive:${file}`;
    await copied(one, archive);
    await copied("--dest-append", two, `${archive}:two`);
    const { stdout } = await drayage("list-tags", archive);
    expect(stdout).toBe(await outputOf(skopeo ?? "", "list-tags", archive));
    expect(JSON.parse(stdout)).toEqual({ Tags: ["@0", "docker.io/library/two:latest"] });
  });
});

describe.skipIf(skopeo === undefined)("inspect prints the same as skopeo", () => {
  test.each(["docker-archive", "oci-archive"])("a %s", async (transport) => {
    const archive = `${transport}:${file}:example.com/one:1`;
    await copied(one, archive);
    const theirs: unknown = JSON.parse(await outputOf(skopeo ?? "", "inspect", archive));
    expect(await parsed("inspect", archive)).toMatchObject(theirs as object);
  });
});

describe("an OCI archive", () => {
  test("stores a whole index, and appends another image", async () => {
    const archive = `oci-archive:${file}`;
    await copied("--all", index, `${archive}:index`);
    await copied("--dest-append", two, `${archive}:two`);
    expect(await parsed("list-tags", archive)).toEqual({ Tags: ["index", "two"] });
    const [before, after] = [
      await drayage("inspect", "--raw", index),
      await drayage("inspect", "--raw", `${archive}:index`),
    ];
    expect(after.stdout).toBe(before.stdout);
  });

  test("rejects flags of other transports", async () => {
    const { code, stderr } = await copy("--additional-tag=a", one, `oci-archive:${file}`);
    expect(stderr).toMatch(/--additional-tag does not apply to oci-archive: .+ docker-archive:/);
    expect(code).toBe(1);
  });

  test("does not support delete", async () => {
    await copied(one, `oci-archive:${file}:one`);
    const { code, stderr } = await drayage("delete", `oci-archive:${file}:one`);
    expect(stderr).toMatch(/oci-archive: cannot delete single images/);
    expect(code).toBe(1);
  });
});

describe("an image from a tar file", () => {
  beforeEach(async () => {
    await writeFile(file, tarFile([{ name: "hello", content: "hello\n" }]));
  });

  test("has the metadata of the flags", async () => {
    const flags = [
      "--src-platform=linux/arm/v7",
      "--src-created=2026-01-02T03:04:05Z",
      `--src-entrypoint=["/bin/sh", "-c"]`,
      "--src-cmd=ls",
      "--src-env=A=1",
      "--src-env=B=2,3=4",
      "--src-label=a=b=c",
      "--src-label=d",
    ];
    const image = `dir:${path.join(folder.path, "made")}`;
    await copied(...flags, `tarball:${file}`, image);
    expect(await parsed("inspect", "--config", image)).toMatchObject({
      created: "2026-01-02T03:04:05Z",
      os: "linux",
      architecture: "arm",
      variant: "v7",
      config: {
        Entrypoint: ["/bin/sh", "-c"],
        Cmd: ["ls"],
        Env: ["A=1", "B=2,3=4"],
        Labels: { a: "b=c", d: "" },
      },
    });
  });

  test.each([
    ["--src-platform=arm", /OS\/ARCHITECTURE/],
    ["--src-created=yesterday", /--src-created must be a time such as 2026/],
    ["--src-created=2026-13-01", /--src-created must be a time such as 2026/],
    ["--src-entrypoint=sh -c", /--src-entrypoint must be one word or an array/],
    ["--src-cmd=[1]", /--src-cmd must be one word or an array/],
    ["--src-env=A", /--src-env must be NAME=VALUE/],
    ["--src-label==a", /--src-label must be NAME=VALUE/],
  ])("is rejected if %s has an invalid value", async (flag, message) => {
    const { code, stderr } = await copy(flag, `tarball:${file}`, `dir:${file}-dir`);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(await readdir(folder.path)).not.toContain(`${path.basename(file)}-dir`);
  });

  test.each([["--platform=linux/arm/v7"], ["--override-arch=arm", "--override-variant=v7"]])(
    "has the platform of the copy: %s",
    async (...flags) => {
      const image = `dir:${path.join(folder.path, `for${flags.length}`)}`;
      await copied(...flags, `tarball:${file}`, image);
      const platform = { os: "linux", architecture: "arm", variant: "v7" };
      expect(await parsed("inspect", "--config", image)).toMatchObject(platform);
      expect(await parsed("inspect", "--config", ...flags, `tarball:${file}`)).toMatchObject(
        platform,
      );
    },
  );

  test("- is standard input", async () => {
    const run = `'${[process.execPath, ...command].join("' '")}'`;
    const output = await outputOf("sh", "-c", `${run} inspect tarball:- < ${file}`);
    expect(JSON.parse(output)).toMatchObject({ Os: "linux" });
  });
});
