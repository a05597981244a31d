import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../../drayage.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let registry: Registry;
let image: WholeImage;
let source: string;
let count = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  registry = await startRegistry();
  image = await randomImage("several", { layers: 2, layerSize: 600_000 });
  await registry.putImage("team/app", image, "1");
  source = `docker://${registry.host}/team/app:1`;
});

beforeEach(() => registry.clear());

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function unused(): string {
  return path.join(folder.path, String(count++));
}

async function copy(...args: readonly string[]): Promise<Awaited<ReturnType<typeof drayage>>> {
  return drayage("copy", "--insecure-policy", "--no-cache", "--src-tls-verify=false", ...args);
}

/** The blobs that were requested, and how often. */
function blobRequests(): readonly number[] {
  const paths = registry.requests
    .filter(
      ({ method, path: requested }) => method === "GET" && requested.includes("/blobs/sha256"),
    )
    .map(({ path: requested }) => requested);
  return [...new Set(paths)].map((one) => paths.filter((other) => other === one).length);
}

describe("drayage copy to several destinations", () => {
  test("reads each blob once, and reports each copy", async () => {
    const [layout, archive, plain] = [unused(), `${unused()}.tar`, unused()];
    const names = [
      `oci:${layout}:1`,
      `docker-archive:${archive}:docker.io/library/app:1`,
      `dir:${plain}`,
    ];
    const { code, stderr } = await copy(source, ...names);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(blobRequests()).toEqual([1, 1, 1]);
    const lines = stderr.split("\n").filter((line) => line.startsWith("Copied "));
    expect(lines.map((line) => line.replace(/^.* to (.*) \(sha256:.*$/, "$1"))).toEqual(names);
    expect(await drayage("verify", `oci:${layout}:1`)).toMatchObject({ code: 0 });
    expect(existsSync(path.join(plain, "manifest.json"))).toBe(true);
    expect(existsSync(archive)).toBe(true);
  });

  test("a failed copy does not stop the others, and sets the exit code", async () => {
    const [layout, digests] = [`oci:${unused()}:1`, unused()];
    const closed = "docker://127.0.0.1:1/team/app:1";
    const { code, stderr } = await copy("--digestfile", digests, source, closed, layout);
    expect(code).toBe(1);
    expect(stderr).toContain(`drayage: the copy to ${closed} failed: `);
    expect(stderr).toContain("1 of 2 copies failed");
    expect(await drayage("verify", layout)).toMatchObject({ code: 0 });
    expect(await readFile(digests, "utf8")).toBe(`${image.manifest.digest} ${layout}\n`);
  });

  test("a missing source has exit code 2", async () => {
    const missing = `docker://${registry.host}/team/app:2`;
    const { code } = await copy(missing, `oci:${unused()}:1`, `dir:${unused()}`);
    expect(code).toBe(2);
  });

  test("a flag applies to the destinations that know it, and must apply to one", async () => {
    const layout = `oci:${unused()}:1`;
    const pushed = `docker://${registry.host}/team/copy:1`;
    const tls = "--dest-tls-verify=false";
    expect(await copy(tls, source, layout, pushed)).toMatchObject({ code: 0 });
    const refused = await copy(tls, source, `oci:${unused()}:1`, `dir:${unused()}`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("--dest-tls-verify does not apply to oci: images");
  });

  test.each(["--dest-creds=ann:secret", "--dest-registry-token=secret", "--dest-username=ann"])(
    "%s is not sent to two registries",
    async (flag) => {
      const names = ["docker://one.example.com/app", "docker://two.example.com/app", "dir:x"];
      const password = flag.startsWith("--dest-username") ? ["--dest-password=secret"] : [];
      const { code, stderr } = await copy(flag, ...password, source, ...names);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining("would be sent to one.example.com and two.example.com"),
      ]);
      expect(stderr).not.toContain("secret");
    },
  );

  test.each(["oci-archive", "docker-archive"])(
    "two images in one %s are refused, and added with --dest-append",
    async (transport) => {
      const file = `${unused()}.tar`;
      const names = ["a", "b"].map((name) => `${transport}:${file}:${name}:1`);
      const { code, stderr } = await copy(source, ...names);
      expect([code, stderr]).toEqual([1, expect.stringContaining("would replace each other")]);
      expect(existsSync(file)).toBe(false);
      expect(await copy("--dest-append", source, ...names)).toMatchObject({ code: 0 });
      for (const name of names) expect(await drayage("verify", name)).toMatchObject({ code: 0 });
    },
  );

  test("credentials are sent to two repositories of one registry", async () => {
    const names = [1, 2].map((tag) => `docker://${registry.host}/team/copy:${tag}`);
    const flags = ["--dest-creds=ann:secret", "--dest-tls-verify=false"];
    expect(await copy(...flags, source, ...names)).toMatchObject({ code: 0 });
  });

  test("--progress=json names the destination of each event", async () => {
    const names = [`oci:${unused()}:1`, `dir:${unused()}`];
    const { stdout } = await copy("--progress=json", source, ...names);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Event);
    const done = events.filter(({ kind }) => kind === "done").map(({ destination }) => destination);
    expect(done.toSorted((one, other) => (one < other ? 1 : -1))).toEqual(names);
    expect(events.filter(({ destination }) => !names.includes(destination))).toEqual([]);
  });

  test("--dry-run prints a plan for each", async () => {
    const names = [`oci:${unused()}:1`, `dir:${unused()}`];
    const { stdout } = await copy("--dry-run", "--json", source, ...names);
    const plans = JSON.parse(stdout) as readonly { readonly destination: string }[];
    expect(plans.map(({ destination }) => destination)).toEqual(names);
  });

  test("the same destination twice is refused", async () => {
    const name = `oci:${unused()}:1`;
    const { code, stderr } = await copy(source, name, name);
    expect([code, stderr]).toEqual([1, expect.stringContaining("is a destination twice")]);
  });
});

interface Event {
  readonly kind: string;
  readonly destination: string;
}
