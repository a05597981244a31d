import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { imageNames } from "@drayage/test-support";
import { assertImage, randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { dockerArchive } from "@drayage/transport-tarball";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { drayage as run, ended, startDrayage, temporaryFolder } from "../drayage.ts";
import type { Run } from "../drayage.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let image: Awaited<ReturnType<typeof randomImage>>;
let source = "";
let destination = "";
let count = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  image = await randomImage("failures", { layers: 2 });
  const from = path.join(folder.path, "source");
  await writeImage(image, directory().parseReference(from));
  source = `dir:${from}`;
});

afterAll(() => folder[Symbol.asyncDispose]());

beforeEach(() => {
  destination = `dir:${path.join(folder.path, `copy-${count++}`)}`;
});

function copy(...args: readonly string[]): Promise<Run> {
  return run("copy", "--insecure-policy", ...args);
}

function eventsIn(stdout: string): readonly Record<string, unknown>[] {
  const lines = stdout.split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("a copy with a --digestfile that is not writable", () => {
  test.each([
    ["in a missing folder", async () => "nowhere/digest", /nowhere does not exist; create it/],
    ["that is a folder", async () => ".", /it is a folder/],
    [
      "below a file",
      async () => {
        await writeFile(path.join(folder.path, "file"), "");
        return "file/digest";
      },
      /is not a folder/,
    ],
    ["below /proc", async () => "/proc/nothing/digest", /--digestfile \/proc\/nothing/],
  ])("%s is rejected before it starts", async (_, nameOf, message) => {
    const file = path.resolve(folder.path, await nameOf());
    const { code, stderr } = await copy("--digestfile", file, source, destination);
    expect(stderr).toMatch(/^drayage: --digestfile [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(await readdir(folder.path)).not.toContain(path.basename(destination));
  });

  test("in a folder without write permission is rejected before it starts", async () => {
    const file = path.join(await closedFolder(), "digest");
    const { stderr } = await copy("--digestfile", file, source, destination);
    expect(stderr).toMatch(/permission denied/);
    expect(await readdir(folder.path)).not.toContain(path.basename(destination));
  });

  test("rejected for another reason leaves the digest file unchanged", async () => {
    const [fresh, old] = ["fresh", "old"].map((name) => path.join(folder.path, name)) as [
      string,
      string,
    ];
    await writeFile(old, "before");
    for (const file of [fresh, old])
      await copy("--digestfile", file, "dir:/nonexistent", destination);
    expect(await readdir(folder.path)).not.toContain("fresh");
    expect(await readFile(old, "utf8")).toBe("before");
    expect((await copy("-q", "--digestfile", old, source, destination)).code).toBe(0);
    expect(await readFile(old, "utf8")).toBe(image.manifest.digest);
  });
});

/** A folder in which this user cannot create files. Root can write everywhere but in sysfs. */
async function closedFolder(): Promise<string> {
  if (process.getuid?.() === 0) return "/sys";
  const closed = path.join(folder.path, "closed");
  await mkdir(closed);
  await chmod(closed, 0o500);
  return closed;
}

describe("the events of a failing copy", () => {
  test("end with the error", async () => {
    const { code, stdout, stderr } = await copy("--progress=json", "dir:/nonexistent", destination);
    expect(eventsIn(stdout)).toEqual([
      {
        kind: "error",
        error: { code: "not-found", message: expect.stringContaining("/nonexistent") as string },
      },
    ]);
    expect(stderr).toMatch(/^drayage: .+\/nonexistent/);
    expect(code).toBe(2);
  });

  test("end with the error, after the events of completed blobs", async () => {
    await using registry = await registryThatRefusesBlobs();
    const to = `docker://${registry.host}/refused:1`;
    const { stdout } = await copy("--progress=json", "--dest-tls-verify=false", source, to);
    const kinds = eventsIn(stdout).map(({ kind }) => kind);
    expect([kinds[0], kinds.at(-1)]).toEqual(["planned", "error"]);
    expect(kinds.filter((kind) => kind === "error")).toHaveLength(1);
    expect(kinds).not.toContain("done");
  });

  test("end with the error on SIGINT", async () => {
    const requested = Promise.withResolvers<void>();
    await using registry = await startRegistry({
      intercept: () => {
        requested.resolve();
        return "hang";
      },
    });
    const from = `docker://${registry.host}/app:1`;
    const flags = ["copy", "--insecure-policy", "--progress=json", "--src-tls-verify=false"];
    const child = startDrayage([...flags, from, destination]);
    const end = ended(child);
    await Promise.race([requested.promise, end]);
    child.kill("SIGINT");
    const { code, stdout } = await end;
    expect(eventsIn(stdout).at(-1)).toEqual({
      kind: "error",
      error: { code: "interrupted", message: "interrupted by SIGINT" },
    });
    expect(code).toBe(130);
  });

  test("end with the error for verify", async () => {
    const { code, stdout } = await run("verify", "--progress=json", "dir:/nonexistent");
    expect(eventsIn(stdout).at(-1)).toMatchObject({ kind: "error", error: { code: "not-found" } });
    expect(code).toBe(2);
  });

  test.each([
    [["--progress=json", "--quiet"], "--quiet and --progress=json contradict each other"],
    [["--progress", "json", "--alll"], "unknown option '--alll', did you mean --all?"],
    [["--progress=json", "--dest-passwort=hunter2"], "unknown option '--dest-passwort'"],
  ])("are an error for the command line with %j", async (flags, message) => {
    const { code, stdout } = await copy(...flags, source, destination);
    expect(eventsIn(stdout)).toEqual([
      {
        kind: "error",
        error: { code: "usage", message: expect.stringContaining(message) as string },
      },
    ]);
    expect(stdout).not.toContain("hunter2");
    expect(code).toBe(1);
  });
});

function registryThatRefusesBlobs(): Promise<Registry> {
  return startRegistry({
    intercept: ({ method }) =>
      method === "POST" || method === "PUT"
        ? {
            status: 404,
            body: '{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}',
          }
        : undefined,
  });
}

describe("the exit code of copy", () => {
  test("is 1 if the destination does not exist", async () => {
    await using registry = await registryThatRefusesBlobs();
    const to = `docker://${registry.host}/refused:1`;
    const { code, stderr } = await copy("--dest-tls-verify=false", source, to);
    expect(stderr).toMatch(/404/);
    expect(code).toBe(1);
  });

  test("is 1 for a missing blob and 2 for a missing image", async () => {
    const from = path.join(folder.path, "incomplete");
    await writeImage(image, directory().parseReference(from));
    const { layers } = image;
    await rm(path.join(from, layers[0]?.digest.slice("sha256:".length) ?? ""));
    expect((await copy(`dir:${from}`, `oci:${folder.path}/incomplete-copy:1`)).code).toBe(1);
    expect((await copy("dir:/nonexistent", destination)).code).toBe(2);
  });

  test("is 1 for a missing input file of tarball:", async () => {
    expect((await copy("tarball:/nonexistent.tar", destination)).code).toBe(1);
  });
});

describe("the summary of a copy", () => {
  test("counts blobs as cloned the first time, and as reused the second time", async () => {
    const first = await copy(source, destination);
    expect(first.stderr).toMatch(/, 3 blobs cloned \([^)]+\), 0 reused\n$/);
    await assertImage(directory().parseReference(destination.slice("dir:".length)), image);
    const layout = `oci:${folder.path}/cloned:1`;
    expect((await copy(source, layout)).stderr).toMatch(/, 3 blobs cloned \([^)]+\), 0 reused\n$/);
    const repaired = await copy("--repair", source, destination);
    expect(repaired.stderr).toMatch(/, 0 blobs copied \(0 B\), 3 reused\n$/);
  });

  test("--dry-run reports a new location the first time", async () => {
    const { stdout } = await copy("--dry-run", source, destination);
    const [head, sent, fate] = stdout.split("\n");
    expect(head).toBe(`Copy ${source} to ${destination}`);
    expect(sent).toMatch(/^ {2}sends 3 blobs, .+, and 1 manifest to a new location/);
    expect(fate).toMatch(/no digest changes/);
  });
});

test("--additional-tag accepts several names, also separated by commas", async () => {
  const file = path.join(folder.path, "tags.tar");
  const tags = ["--additional-tag=a:1,b:2", "--additional-tag", "c:3"];
  await copy("-q", ...tags, source, `docker-archive:${file}:first:1`);
  const names = await imageNames(dockerArchive().parseReference(file));
  expect(names.toSorted()).toEqual(
    ["a:1", "b:2", "c:3", "first:1"].map((name) => `docker.io/library/${name}`),
  );
});
