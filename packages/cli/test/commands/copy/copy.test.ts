import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { openImage } from "@drayage/core";
import type { CopyEvent, CopyPlan } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { drayage as run, temporaryFolder } from "../../drayage.ts";
import type { Run } from "../../drayage.ts";

let registry: Registry;
let image: WholeImage;
let index: WholeImage;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;
let [source, destination] = ["", ""];

beforeAll(async () => {
  registry = await startRegistry();
  folder = await temporaryFolder();
  image = await randomImage("copy", { layers: 2 });
  index = await randomIndex("copy");
  await registry.putImage("copy/image", image, "1");
  await registry.putImage("copy/index", index, "1");
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

beforeEach(() => {
  source = `docker://${registry.host}/copy/image:1`;
  destination = `dir:${path.join(folder.path, String(count++))}`;
});

function copy(...args: readonly string[]): Promise<Run> {
  return run("copy", "--insecure-policy", ...args);
}

describe("copy", () => {
  test("reports the result in one line on standard error", async () => {
    const { code, stdout, stderr } = await copy(source, destination);
    expect(stderr.split("\n").at(-2)).toMatch(
      new RegExp(
        `^Copied ${source} to ${destination} \\(${image.manifest.digest}\\), 3 blobs copied \\(.+ kB\\), 0 reused$`,
      ),
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    await using copied = await openImage(directory().parseReference(destination.slice(4)));
    expect(copied.manifest.digest).toBe(image.manifest.digest);
  });

  test("reports that there is nothing to copy", async () => {
    const layout = `oci:${path.join(folder.path, "layout")}:same`;
    await copy("-q", source, layout);
    const { code, stderr } = await copy(source, layout);
    expect(stderr).toBe(
      `Nothing to copy: ${layout} is already ${source} (${image.manifest.digest})\n`,
    );
    expect(code).toBe(0);
  });

  test("--dest-chunk-size limits the size of upload requests", async () => {
    const to = `docker://${registry.host}/copy/chunked:1`;
    const from = `dir:${path.join(folder.path, "chunked upload")}`;
    await copy("-q", source, from);
    registry.clear();
    // Blobs that another copy has seen in the registry are mounted.
    const flags = ["--no-cache", "--dest-chunk-size=1KiB", "--dest-tls-verify=false"];
    const { code } = await copy(...flags, from, to);
    expect(code).toBe(0);
    const chunks = registry.requests.filter(({ method }) => method === "PATCH");
    expect(new Set(chunks.map(({ requestBytes }) => requestBytes))).toEqual(new Set([1024]));
  });

  test("--src-parallel-ranges applies to registries and sources only", async () => {
    const ranges = ["--src-parallel-ranges", "2"];
    const large = await randomImage("large", { layers: 1, layerSize: 65 << 20 });
    await registry.putImage("copy/large", large, "1");
    const from = `docker://${registry.host}/copy/large:1`;
    const readings: number[] = [];
    for (const flags of [[], ranges]) {
      registry.clear();
      expect(
        await copy("--no-cache", ...flags, from, `${destination}-${flags.length}`),
      ).toMatchObject({ code: 0 });
      const layer = large.layers[0]?.digest ?? "";
      readings.push(
        registry.requests.filter(({ path: requested }) => requested.endsWith(layer)).length,
      );
    }
    expect(readings).toEqual([1, 9]);
    const { code, stderr } = await copy(...ranges, destination, `dir:${folder.path}/other`);
    expect(stderr).toMatch(
      /--src-parallel-ranges does not apply to dir: images; it applies to docker:/,
    );
    expect(code).toBe(1);
  });

  test("--quiet prints nothing", async () => {
    const { stdout, stderr } = await copy("--quiet", source, destination);
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "" });
  });

  test("reports both digests and the reason if a digest changes", async () => {
    const { code, stderr } = await copy("--format", "v2s2", source, destination);
    expect(stderr).toMatch(
      new RegExp(
        `digest changed from ${image.manifest.digest} to sha256:[0-9a-f]{64}: .+ requested`,
      ),
    );
    expect(code).toBe(0);
  });

  test("--preserve-digests fails if a digest would change", async () => {
    const { code, stderr } = await copy("--preserve-digests", "-f", "v2s2", source, destination);
    expect(stderr).toMatch(/^drayage: The manifest would have to change .+\n$/);
    expect(code).toBe(1);
    expect(await readdir(folder.path)).not.toContain(path.basename(destination));
  });

  test("--platform is checked for a single image, --override-arch selects from an index only", async () => {
    const { code, stderr } = await copy("--platform", "linux/arm64", source, destination);
    expect(stderr).toMatch(/No image for linux\/arm64: .+ single image for linux\/amd64/);
    expect(code).toBe(2);
    expect(await readdir(folder.path)).not.toContain(path.basename(destination));
    expect((await copy("--platform", "linux/amd64", source, destination)).code).toBe(0);
    const flags = ["--override-arch", "arm64", "--override-os", "windows"];
    expect((await copy(...flags, source, `${destination}-2`)).code).toBe(0);
  });

  test("--digestfile writes only the digest to the file", async () => {
    const file = path.join(folder.path, "digest");
    await copy("--digestfile", file, source, destination);
    expect(await readFile(file, "utf8")).toBe(image.manifest.digest);
  });

  describe("copy of an index", () => {
    beforeEach(() => {
      source = `docker://${registry.host}/copy/index:1`;
    });

    async function digestAtDestination(): Promise<string> {
      const manifest = path.join(destination.slice(4), "manifest.json");
      return (await run("manifest-digest", manifest)).stdout.trim();
    }

    test("copies the image for this machine and reports the index", async () => {
      const { stderr } = await copy(source, destination);
      expect(stderr).toContain(
        `of the index ${index.manifest.digest}; use --all to copy the whole index`,
      );
      expect(await digestAtDestination()).not.toBe(index.manifest.digest);
    });

    test("--all copies the whole index and keeps its digest", async () => {
      const { stderr } = await copy("--all", source, destination);
      expect(stderr).not.toContain("source index");
      expect(await digestAtDestination()).toBe(index.manifest.digest);
    });

    test("--platform and --override-arch select the same image, in any position", async () => {
      const arm = index.instances[1]?.digest;
      await copy("-q", "--platform", "linux/arm64", source, destination);
      expect(await digestAtDestination()).toBe(arm);
      const flags = ["--override-arch", "arm64", "copy", "--insecure-policy", "-q"];
      await run(...flags, source, `${destination}-again`);
      destination += "-again";
      expect(await digestAtDestination()).toBe(arm);
    });

    test("several platforms make an index", async () => {
      const platforms = ["--platform", "linux/amd64", "--platform", "linux/arm64"];
      const { code, stderr } = await copy(...platforms, source, destination);
      expect(stderr).toMatch(/digest changed from .+: not all of its instances are copied/);
      expect(code).toBe(0);
      const { stdout } = await run("inspect", "--override-arch=amd64", destination);
      const { Platforms: found } = JSON.parse(stdout) as { readonly Platforms: unknown };
      expect(found).toEqual(["linux/amd64", "linux/arm64/v8"]);
    });

    test("a missing platform exits with 2 and lists the available ones", async () => {
      const { code, stderr } = await copy("--platform", "linux/s390x", source, destination);
      expect(stderr).toMatch(/linux\/s390x.*linux\/amd64, linux\/arm64\/v8/);
      expect(code).toBe(2);
    });
  });

  describe("--dry-run", () => {
    test("--dry-run prints the plan and writes nothing", async () => {
      const { code, stdout, stderr } = await copy("--dry-run", source, destination);
      expect(stdout).toContain(`Copy ${source} to ${destination}\n`);
      expect(stdout).toContain(`no digest changes (${image.manifest.digest})`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(await readdir(folder.path)).not.toContain(path.basename(destination));
    });

    test("--dry-run --json prints the plan as JSON", async () => {
      const { stdout } = await copy("--dry-run", "--json", source, destination);
      const plan = JSON.parse(stdout) as Record<string, unknown>;
      expect(plan).toMatchObject({ source, destination, digest: image.manifest.digest });
      expect(stdout).not.toContain('"bytes"');
    });
  });

  describe("--progress", () => {
    test("--progress=auto is plain without a terminal", async () => {
      const { stderr } = await copy(source, destination);
      expect(stderr).toMatch(new RegExp(`^Copying ${source} to ${destination}: 3 blobs, .+ kB\n`));
    });

    test("--progress=json writes one event per line to standard output", async () => {
      const { stdout } = await copy("--progress=json", source, destination);
      const events = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as CopyEvent);
      expect(events[0]).toMatchObject({ kind: "planned", plan: { source, destination } });
      expect(events.filter(({ kind }) => kind === "blob-done")).toHaveLength(3);
      expect(events.at(-1)).toMatchObject({
        kind: "done",
        result: { digest: image.manifest.digest, blobs: { copied: 3 } },
      });
    });

    test("--progress=bar requires a terminal", async () => {
      const { code, stderr } = await copy("--progress=bar", source, destination);
      expect(stderr).toMatch(/requires a terminal/);
      expect(code).toBe(1);
    });
  });

  describe("contradicting flags are rejected before the copy starts", () => {
    test.each([
      [
        ["--dest-creds=me:secret"],
        /--dest-creds does not apply to dir: images; it applies to docker:/,
      ],
      [["--src-shared-blob-dir=/tmp"], /--src-shared-blob-dir does not apply to docker:/],
      [["--src-creds=a:b", "--src-no-creds"], /--src-no-creds and --src-creds contradict/],
      [["--src-username=a"], /--src-username and --src-password are required together/],
      [["--dest-compress", "--dest-decompress"], /contradict each other/],
      [["--dest-compress-format=zstd", "--dest-decompress"], /contradict each other/],
      [["--dest-compress-format=xz"], /gzip, zstd, zstd:chunked, or none/],
      [["--dest-compress-level=21", "--dest-compress-format=zstd"], /from 1 to 20/],
      [["--dest-compress-level=10"], /from 1 to 9/],
      [["--dest-compress-level=3", "--dest-decompress"], /contradict each other/],
      [["--dest-force-compress-format"], /needs a format/],
      [["--add-compression=xz"], /such as zstd or zstd:19/],
      [["--add-compression=zstd:30"], /from 1 to 20/],
      [["--dest-zstd-frames=two"], /one or parallel/],
      [["--all", "--multi-arch=all"], /--multi-arch and --all/],
      [["--format=v1"], /--format must be oci, v2s2 or v2s1/],
      [["--json"], /--json requires --dry-run/],
      [["--dry-run", "--digestfile=/tmp/x"], /--digestfile cannot be used with --dry-run/],
      [["--quiet", "--progress=json"], /contradict each other/],
    ])("%j", async (flags, message) => {
      registry.clear();
      const { code, stderr } = await copy(...flags, source, destination);
      expect(stderr).toMatch(message);
      expect(code).toBe(1);
      expect(registry.requests).toEqual([]);
    });
  });

  test("a missing image exits with 2", async () => {
    const { code, stderr } = await copy(`${source}-missing`, destination);
    expect(stderr).toMatch(/^drayage: [^\n]+\n$/);
    expect(code).toBe(2);
  });

  test("a restrictive policy file stops the copy after it read the manifest", async () => {
    registry.clear();
    const policy = path.resolve(import.meta.dirname, "reject.policy.json");
    const { code, stderr } = await run("copy", "--policy", policy, source, destination);
    expect(stderr).toContain("reject.policy.json");
    expect(stderr).toContain("every image of this scope is rejected");
    expect(code).toBe(1);
    const paths = registry.requests.map(({ method, path: requested }) => `${method} ${requested}`);
    expect(paths).toEqual(["GET /v2/copy/image/manifests/1"]);
  });

  test("--src-shared-blob-dir and --dest-shared-blob-dir set the shared blob folder of each side", async () => {
    const blobs = path.join(folder.path, "blobs");
    const first = `oci:${path.join(folder.path, "first")}:a`;
    await copy("-q", "--dest-shared-blob-dir", blobs, source, first);
    const second = `oci:${path.join(folder.path, "second")}:a`;
    await copy("-q", "--src-shared-blob-dir", blobs, first, second);
    await using copied = await openImage(ociLayout().parseReference(second.slice(4)));
    expect(copied.manifest.digest).toBe(image.manifest.digest);
  });

  test("--dest-compress-format recompresses all layers", async () => {
    const { code } = await copy("--dest-compress-format=zstd", source, destination);
    expect(code).toBe(0);
    const stdout = await readFile(
      path.join(destination.slice("dir:".length), "manifest.json"),
      "utf8",
    );
    expect(stdout).toContain("tar+zstd");
    expect(stdout).not.toContain("tar+gzip");
  });

  test("--dest-compress-level, --dest-force-compress-format and --dest-zstd-frames change how layers are recompressed", async () => {
    const settings = [
      "--dest-compress-format=zstd",
      "--dest-compress-level=19",
      "--dest-force-compress-format",
      "--dest-zstd-frames=parallel",
    ];
    const { stdout } = await copy("--dry-run", "--json", ...settings, source, destination);
    const { steps } = JSON.parse(stdout) as CopyPlan;
    const [layer] = steps.filter((step) => step.kind === "blob");
    expect(layer?.transform).toEqual({
      kind: "layer",
      compression: { kind: "recompress", format: "zstd", level: 19, zstdFrames: "parallel" },
    });
  });

  test("--add-compression adds zstd instances to an index", async () => {
    const names = [`docker://${registry.host}/copy/index:1`, destination];
    const { stdout } = await copy(
      "--all",
      "--add-compression=zstd:5",
      "--dry-run",
      "--json",
      ...names,
    );
    const { steps } = JSON.parse(stdout) as CopyPlan;
    const variants = steps.filter((step) => step.kind === "manifest" && step.variant === "zstd");
    expect(variants).toHaveLength(index.instances.length);
    const layers = steps.filter((step) => step.kind === "blob" && step.variant === "zstd");
    expect(layers[0]).toMatchObject({ transform: { compression: { format: "zstd", level: 5 } } });
    const single = await copy("--add-compression=zstd", source, destination);
    expect(single.stderr).toMatch(/single image/);
  });

  test("--dest-compress-format zstd:chunked adds tables of contents to layers", async () => {
    const format = "--dest-compress-format=zstd:chunked";
    const { code } = await copy(format, source, destination);
    const manifest = path.join(destination.slice("dir:".length), "manifest.json");
    expect(await readFile(manifest, "utf8")).toContain("zstd-chunked.manifest-checksum");
    expect(code).toBe(0);
  });

  test("--dest-compress-format none decompresses layers", async () => {
    await copy("--dest-compress-format=none", source, destination);
    const manifest = path.join(destination.slice("dir:".length), "manifest.json");
    expect(await readFile(manifest, "utf8")).not.toContain("tar+gzip");
  });

  test("--dest-decompress decompresses layers and reports the changed digest", async () => {
    const { code, stderr } = await copy("--dest-decompress", source, destination);
    expect(stderr).toMatch(/digest changed from .+: a layer is recompressed/);
    expect(code).toBe(0);
  });
});

describe("copy from a failing registry", () => {
  test("does not retry a permanent failure despite --retry-times", async () => {
    const requests: string[] = [];
    await using empty = await startRegistry({
      intercept: ({ path: requested }) => void requests.push(requested),
    });
    const from = `docker://${empty.host}/copy/image:1`;
    const { code } = await copy("--retry-times=3", "--retry-delay=1ms", from, destination);
    expect(code).toBe(2);
    expect(requests.filter((requested) => requested.includes("/manifests/"))).toHaveLength(1);
  });

  test("sends credentials only to their own side", async () => {
    const users = { me: { password: "secret" } };
    await using guarded = await startRegistry({ authentication: { kind: "basic", users } });
    await guarded.putImage("copy/image", image, "1");
    const from = `docker://${guarded.host}/copy/image:1`;
    const to = `docker://${registry.host}/copied:1`;
    registry.clear();
    const { code } = await copy("-q", "--src-creds=me:secret", from, to);
    expect(code).toBe(0);
    expect(new Set(registry.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["none"]),
    );
    expect(registry.tags("copied")).toEqual(["1"]);
    const refused = await copy("-q", "--src-creds=me:wrong", from, to);
    expect(refused.code).toBe(1);
    expect(refused.stderr).not.toContain("wrong");
  });
});
