import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

import type { Descriptor } from "@drayage/core";
import { findProgram } from "@drayage/test-support";
import { extract } from "tar-stream";
import type { Header } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { imageFromFiles } from "../../src/random/image-from-files.ts";
import type { ImageFile } from "../../src/random/image-from-files.ts";
import { randomImage } from "../../src/random/random-image.ts";
import type { WholeImage } from "../../src/random/whole-image.ts";

const tar = findProgram("tar");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "layers-"));
});
afterEach(async () => rm(folder, { recursive: true }));

interface Found extends Header {
  readonly content: Buffer;
}

async function entriesOf(bytes: Uint8Array | undefined): Promise<readonly Found[]> {
  const reader = extract();
  reader.end(bytes);
  const found: Found[] = [];
  for await (const entry of reader) found.push({ ...entry.header, content: await buffer(entry) });
  return found;
}

function layer({ blobs }: WholeImage, descriptor: Descriptor | undefined): Uint8Array {
  return blobs.get(descriptor?.digest ?? ("" as Descriptor["digest"])) ?? new Uint8Array(0);
}

/** The result of extracting an entry: its content, its target, or the file that it is a hard link of. */
async function onDisk(path: string, { type }: Found): Promise<unknown> {
  if (type === "symlink") return readlink(path);
  if (type === "directory") return (await stat(path)).isDirectory();
  return type === "link" ? (await stat(path)).ino : readFile(path);
}

async function expectedOf({ type, linkname, content }: Found, root: string): Promise<unknown> {
  if (type === "symlink") return linkname;
  if (type === "directory") return true;
  return type === "link" ? (await stat(join(root, linkname ?? ""))).ino : content;
}

describe("a random layer", () => {
  test("has folders, files, a program, links and a long path, and above the base layer a whiteout", async () => {
    const image = await randomImage("layers", { compression: "none", layerSize: 5000 });
    const [first, second] = await Promise.all(
      image.layers.map(async (each) => entriesOf(layer(image, each))),
    );
    const kinds = new Set(first?.map(({ type }) => type));
    expect(kinds).toEqual(new Set(["directory", "file", "symlink", "link"]));
    expect(first?.some(({ name }) => name.length > 120)).toBe(true);
    expect(first?.find(({ name }) => name.endsWith("/program"))?.mode).toBe(0o755);
    expect(first?.reduce((sum, { content }) => sum + content.byteLength, 0)).toBe(5000);
    const hidden = second?.find(({ name }) => name.includes("/.wh."))?.name.replace("/.wh.", "/");
    expect(first?.map(({ name }) => name)).toContain(hidden);
    expect(first?.some(({ name }) => name.includes(".wh."))).toBe(false);
  });

  test.skipIf(tar === undefined)("is readable by tar, compressed or not", async () => {
    const image = await randomImage("tar", { layers: 2, compression: ["gzip", "none"] });
    for (const [at, each] of image.layers.entries()) {
      const file = join(folder, `${at}`);
      await writeFile(file, layer(image, each));
      const target = join(folder, `extracted-${at}`);
      await mkdir(target);
      execFileSync(tar ?? "", ["-xf", file, "-C", target, "--no-same-owner"]);
      const bytes = at === 0 ? gunzipSync(layer(image, each)) : layer(image, each);
      for (const entry of await entriesOf(bytes)) {
        const path = join(target, entry.name);
        expect(await onDisk(path, entry)).toEqual(await expectedOf(entry, target));
      }
    }
  });
});

describe("an image from files", () => {
  const files: readonly ImageFile[] = [
    { path: "/usr/bin/hello", content: "#!/bin/sh\necho hello\n", mode: 0o755 },
    { path: "etc/hello.conf", content: Buffer.from("loud=yes\n") },
    { path: "/bin", target: "usr/bin" },
  ];

  test("has the files with their parent folders, each folder once and first", async () => {
    const image = await imageFromFiles([files], { compression: "none" });
    const found = await entriesOf(layer(image, image.layers[0]));
    expect(found.map(({ name, mode, type }) => [name, type, mode?.toString(8)])).toEqual([
      ["usr/", "directory", "755"],
      ["usr/bin/", "directory", "755"],
      ["usr/bin/hello", "file", "755"],
      ["etc/", "directory", "755"],
      ["etc/hello.conf", "file", "644"],
      ["bin", "symlink", "777"],
    ]);
    expect(found[2]?.content.toString()).toBe("#!/bin/sh\necho hello\n");
    expect(found[5]?.linkname).toBe("usr/bin");
  });

  test("has a layer for each list and the execution config", async () => {
    const execution = { Entrypoint: ["/usr/bin/hello"], Env: ["A=b"], WorkingDir: "/" };
    const platform = { os: "linux", architecture: "arm64" };
    const annotations = { "org.opencontainers.image.title": "hello" };
    const image = await imageFromFiles([files.slice(0, 1), files.slice(1)], {
      execution,
      platform,
      annotations,
      format: "oci",
    });
    expect(image.layers).toHaveLength(2);
    const config: unknown = JSON.parse(Buffer.from(layer(image, image.config)).toString());
    expect(config).toMatchObject({ ...platform, config: execution });
    expect(JSON.parse(Buffer.from(image.manifest.bytes).toString())).toMatchObject({ annotations });
  });

  test("includes files and folders from disk with their modes and links, independent of their times", async () => {
    await mkdir(join(folder, "app/lib"), { recursive: true });
    await writeFile(join(folder, "app/main.sh"), "main");
    await writeFile(join(folder, "app/lib/part"), "part");
    await chmod(join(folder, "app/main.sh"), 0o750);
    await symlink("lib/part", join(folder, "app/link"));
    const make = async (): Promise<WholeImage & { layers: readonly Descriptor[] }> =>
      imageFromFiles([[{ path: "/opt/app", from: join(folder, "app") }]], { compression: "none" });
    const image = await make();
    const found = await entriesOf(layer(image, image.layers[0]));
    expect(found.map(({ name, type }) => [name, type])).toEqual([
      ["opt/", "directory"],
      ["opt/app/", "directory"],
      ["opt/app/lib/", "directory"],
      ["opt/app/lib/part", "file"],
      ["opt/app/link", "symlink"],
      ["opt/app/main.sh", "file"],
    ]);
    expect(found[4]?.linkname).toBe("lib/part");
    expect(found[5]?.mode).toBe(0o750);
    await writeFile(join(folder, "app/lib/part"), "part");
    expect((await make()).manifest.digest).toBe(image.manifest.digest);
  });
});
