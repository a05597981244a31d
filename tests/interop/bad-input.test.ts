import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, mediaTypes, Retries } from "@drayage/core";
import type { ImageErrorCode, ImageReference, OperationOptions } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Interception, RegistrySettings } from "@drayage/registry";
import { isTorture } from "@drayage/test-support";
import { assertNoImage, assertImage, randomImage, writeImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { storeKinds, temporaryFolder } from "./stores.ts";
import type { Store } from "./stores.ts";

const image = await randomImage("bad input", { layerSize: 300_000 });
const [config, layer] = [image.config.digest, image.layers[0]?.digest ?? image.config.digest];
const manifest = Buffer.from(image.manifest.bytes).toString();

/** A registry that has the image with one defect. */
interface BadRegistry {
  readonly code: ImageErrorCode;
  readonly settings: RegistrySettings;
  /** Reads the image by its digest. */
  readonly byDigest?: boolean;
  /** Represents others that end a copy at the same time: all kinds of stores are tested with it. */
  readonly isTypical?: boolean;
}

const whole = (
  text: string | Uint8Array,
  mediaType: string = mediaTypes.ociManifest,
): Interception => ({
  status: 200,
  headers: { "Content-Type": mediaType, "Docker-Content-Digest": digestOf(Buffer.from(text)) },
  body: text,
});

/** Responds like this to every manifest request. */
function manifestIs(answer: Interception): RegistrySettings {
  return { intercept: ({ path: asked }) => (asked.includes("/manifests/") ? answer : undefined) };
}

function layerIs(answer: Interception): RegistrySettings {
  return { intercept: ({ path: asked }) => (asked.includes(layer) ? answer : undefined) };
}

function layerBytes(change: (bytes: Uint8Array) => Uint8Array): RegistrySettings {
  return {
    async *transformBody({ path: asked }, body) {
      for await (const chunk of body) yield asked.includes(layer) ? change(chunk) : chunk;
    },
  };
}

const flipped = (bytes: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[copy.byteLength - 1] = (copy[copy.byteLength - 1] ?? 0) ^ 1;
  return copy;
};

const badRegistries: Readonly<Record<string, BadRegistry>> = {
  "a truncated manifest": {
    code: "invalid-manifest",
    settings: manifestIs(whole(manifest.slice(0, -9))),
    isTypical: true,
  },
  "a manifest that is a web page": {
    code: "invalid-manifest",
    settings: manifestIs(whole("<html>")),
  },
  "a manifest of five megabytes": {
    code: "invalid-manifest",
    settings: manifestIs(whole(manifest.replace("{", `{"x":"${"x".repeat(5 << 20)}",`))),
  },
  "an ambiguous manifest": {
    code: "invalid-manifest",
    settings: manifestIs(whole(manifest.replace("{", '{"Layers":[],'))),
  },
  "a manifest with a wrong type": {
    code: "invalid-manifest",
    settings: manifestIs(whole(manifest, mediaTypes.dockerManifest)),
  },
  "an invalid digest": {
    code: "invalid-manifest",
    settings: manifestIs(whole(manifest.replace(layer, "sha256:../../../../etc/passwd"))),
  },
  "a manifest with another digest": {
    code: "digest-mismatch",
    settings: manifestIs(whole(`${manifest} `)),
    byDigest: true,
    isTypical: true,
  },
  "a layer with a wrong byte": {
    code: "digest-mismatch",
    settings: layerBytes(flipped),
    isTypical: true,
  },
  "a layer with other bytes of the same length": {
    code: "digest-mismatch",
    settings: layerBytes((bytes) => new Uint8Array(bytes.byteLength)),
  },
  "a layer that is longer": {
    code: "digest-mismatch",
    settings: layerIs({
      status: 200,
      body: Buffer.concat([image.blobs.get(layer) ?? Buffer.alloc(0), Buffer.from("x")]),
    }),
    isTypical: true,
  },
  "a missing layer": { code: "not-found", settings: layerIs({ status: 404 }), isTypical: true },
  "a layer without read access": { code: "denied", settings: layerIs({ status: 403 }) },
  "a layer with a broken connection": {
    code: "unavailable",
    settings: layerIs("cut"),
  },
  "a layer that stalls": { code: "unavailable", settings: layerIs("hang") },
  "a failing registry": {
    code: "unavailable",
    settings: manifestIs({ status: 500, body: "oops" }),
  },
  "a web server that is not a registry": {
    code: "unavailable",
    settings: manifestIs({ status: 502, headers: { "Content-Type": "text/html" }, body: "<html>" }),
  },
};

/** Very short delays between retries. */
function quickly(): OperationOptions {
  return { retries: new Retries({ initialDelay: 1, maxAttempts: 3 }) };
}

/** All paths and contents below a folder, for comparison. */
function stateOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const file = path.join(folder, name);
      if (statSync(file).isDirectory()) return name;
      return `${name} ${createHash("sha256").update(readFileSync(file)).digest("hex")}`;
    });
}

describe.each(["dir", "oci", "docker", "memory"] as const)("to %s:", (kind) => {
  const open: AsyncDisposable[] = [];
  let folder: string;
  let place: Store;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    folder = temporary.path;
    place = await storeKinds[kind].open(folder);
    if (place.server !== undefined) open.push(place.server);
    open.push(temporary);
  });

  afterAll(async () => {
    for (const one of open) await one[Symbol.asyncDispose]();
  });

  /** The copy fails with this code and leaves the destination unchanged. */
  async function refuses(from: ImageReference, code: ImageErrorCode): Promise<void> {
    const occupied = place.fresh();
    const before = await randomImage("the previous image");
    await writeImage(before, occupied);
    const state = stateOf(folder);
    await expect(copyImage(from, occupied, quickly())).rejects.toMatchObject({ code });
    expect(stateOf(folder)).toEqual(state);
    await assertImage(occupied, before);
    const empty = place.fresh();
    await expect(copyImage(from, empty, quickly())).rejects.toMatchObject({ code });
    expect(stateOf(folder)).toEqual(state);
    await assertNoImage(empty);
  }

  const chosen = Object.entries(badRegistries).filter(
    ([, { isTypical = false }]) => isTorture || isTypical || kind === "dir",
  );

  test.each(chosen)("%s from a registry is rejected", async (_, bad) => {
    await using registry = await startRegistry(bad.settings);
    await registry.putImage("bad/image", image, "tag");
    const transport = docker({ idleTimeout: 300 });
    const suffix = bad.byDigest ? `@${image.manifest.digest}` : ":tag";
    await refuses(transport.parseReference(`//${registry.host}/bad/image${suffix}`), bad.code);
  });

  const damages: Readonly<
    Record<string, readonly [ImageErrorCode, (bytes: Buffer) => Uint8Array]>
  > = {
    "a wrong byte": ["digest-mismatch", flipped],
    "a missing byte": ["digest-mismatch", (bytes) => bytes.subarray(1)],
    "an additional byte": ["digest-mismatch", (bytes) => Buffer.concat([bytes, Buffer.from("x")])],
  };

  test.each(Object.entries(damages))(
    "%s in any blob of a directory or a layout is rejected",
    async (_, [code, damage]) => {
      await using temporary = await temporaryFolder();
      for (const digest of [config, layer]) {
        const dir = path.join(temporary.path, digest);
        await writeImage(image, directory().parseReference(dir));
        await damageFile(path.join(dir, digest.slice(7)), damage);
        await refuses(directory().parseReference(dir), code);
        const layout = path.join(temporary.path, `layout-${digest.slice(7)}`);
        await writeImage(image, ociLayout().parseReference(`${layout}:x`));
        await damageFile(path.join(layout, "blobs/sha256", digest.slice(7)), damage);
        await refuses(ociLayout().parseReference(`${layout}:x`), code);
      }
    },
  );

  test("a corrupt manifest of a layout and an index.json with a path traversal are rejected", async () => {
    await using temporary = await temporaryFolder();
    const layout = await layoutWith(image, temporary.path);
    const reference = ociLayout().parseReference(`${layout}:x`);
    await damageFile(path.join(layout, "blobs/sha256", image.manifest.digest.slice(7)), flipped);
    await refuses(reference, "digest-mismatch");
    const index = path.join(layout, "index.json");
    const text = await readFile(index, "utf8");
    await writeFile(index, text.replace(image.manifest.digest, "sha256:../../../../etc/passwd"));
    await refuses(reference, "invalid-manifest");
    await writeFile(index, text.slice(0, -5));
    await refuses(reference, "invalid-manifest");
  });
});

async function damageFile(file: string, damage: (bytes: Buffer) => Uint8Array): Promise<void> {
  await writeFile(file, damage(await readFile(file)));
}

async function layoutWith(stored: WholeImage, folder: string): Promise<string> {
  const layout = path.join(folder, "layout");
  await writeImage(stored, ociLayout().parseReference(`${layout}:x`));
  return layout;
}

describe("a folder that is not an image directory", () => {
  test("is rejected by dir: and oci: and left unchanged", async () => {
    await using temporary = await temporaryFolder();
    const precious = path.join(temporary.path, "precious");
    await mkdir(path.join(precious, "sub"), { recursive: true });
    await writeFile(path.join(precious, "thesis.txt"), "unrelated content");
    const state = stateOf(precious);
    const from = directory().parseReference(path.join(temporary.path, "image"));
    await writeImage(image, from);
    for (const to of [
      directory().parseReference(precious),
      ociLayout().parseReference(`${precious}:x`),
    ]) {
      await expect(copyImage(from, to)).rejects.toMatchObject({ code: "conflict" });
      expect(stateOf(precious)).toEqual(state);
    }
  });
});
