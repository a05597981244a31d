import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, mediaTypes, Retries } from "@drayage/core";
import type { ImageErrorCode, ImageReference, OperationOptions } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Interception, RegistrySettings } from "@drayage/registry";
import { isNotThere, isThere, randomImage, writeImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { placeKinds, temporaryFolder } from "./places.ts";
import type { Place } from "./places.ts";

const image = await randomImage("bad input", { layerSize: 300_000 });
const [config, layer] = [image.config.digest, image.layers[0]?.digest ?? image.config.digest];
const manifest = Buffer.from(image.manifest.bytes).toString();

/** A registry that has the image, and one thing about it is not as it should be. */
interface BadRegistry {
  readonly code: ImageErrorCode;
  readonly settings: RegistrySettings;
  /** Asks for the image by its digest. */
  readonly byDigest?: boolean;
  /** Is tried again and again, with pauses: once will do. */
  readonly isSlow?: boolean;
}

const whole = (
  text: string | Uint8Array,
  mediaType: string = mediaTypes.ociManifest,
): Interception => ({
  status: 200,
  headers: { "Content-Type": mediaType, "Docker-Content-Digest": digestOf(Buffer.from(text)) },
  body: text,
});

/** Answers so whatever is asked for a manifest. */
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
  "a manifest stored as what it is not": {
    code: "invalid-manifest",
    settings: manifestIs(whole(manifest, mediaTypes.dockerManifest)),
  },
  "a digest that is none": {
    code: "invalid-manifest",
    settings: manifestIs(whole(manifest.replace(layer, "sha256:../../../../etc/passwd"))),
  },
  "a manifest that is not the one its digest names": {
    code: "digest-mismatch",
    settings: manifestIs(whole(`${manifest} `)),
    byDigest: true,
  },
  "a layer with a wrong byte": { code: "digest-mismatch", settings: layerBytes(flipped) },
  "a layer of other bytes in its length": {
    code: "digest-mismatch",
    settings: layerBytes((bytes) => new Uint8Array(bytes.byteLength)),
  },
  "a layer that is longer": {
    code: "digest-mismatch",
    settings: layerIs({
      status: 200,
      body: Buffer.concat([image.blobs.get(layer) ?? Buffer.alloc(0), Buffer.from("x")]),
    }),
  },
  "a layer that is not there": { code: "not-found", settings: layerIs({ status: 404 }) },
  "a layer that may not be read": { code: "denied", settings: layerIs({ status: 403 }) },
  "a layer for which the line is cut": {
    code: "unavailable",
    settings: layerIs("cut"),
    isSlow: true,
  },
  "a layer that never comes": { code: "unavailable", settings: layerIs("hang"), isSlow: true },
  "a registry that fails": {
    code: "unavailable",
    settings: manifestIs({ status: 500, body: "oops" }),
  },
  "a web server that is no registry": {
    code: "unavailable",
    settings: manifestIs({ status: 502, headers: { "Content-Type": "text/html" }, body: "<html>" }),
  },
};

/** Hardly any pauses before what failed is tried again. */
function quickly(): OperationOptions {
  return { retries: new Retries({ firstPause: 1 }) };
}

/** All names and contents below a folder, for comparison. */
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
  let place: Place;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    folder = temporary.path;
    place = await placeKinds[kind].open(folder);
    if (place.server !== undefined) open.push(place.server);
    open.push(temporary);
  });

  afterAll(async () => {
    for (const one of open) await one[Symbol.asyncDispose]();
  });

  /** The copy fails with that code; what was at the destination is there as it was, or nothing is. */
  async function refuses(from: ImageReference, code: ImageErrorCode): Promise<void> {
    const occupied = place.fresh();
    const before = await randomImage("was there before");
    await writeImage(before, occupied);
    const state = stateOf(folder);
    await expect(copyImage(from, occupied, quickly())).rejects.toMatchObject({ code });
    expect(stateOf(folder)).toEqual(state);
    await isThere(occupied, before);
    const empty = place.fresh();
    await expect(copyImage(from, empty, quickly())).rejects.toMatchObject({ code });
    expect(stateOf(folder)).toEqual(state);
    await isNotThere(empty);
  }

  const chosen = Object.entries(badRegistries).filter(
    ([, { isSlow }]) => kind === "dir" || !isSlow,
  );

  test.each(chosen)("%s from a registry is refused", async (_, bad) => {
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
    "a byte too many": ["digest-mismatch", (bytes) => Buffer.concat([bytes, Buffer.from("x")])],
  };

  test.each(Object.entries(damages))(
    "%s in any blob of a directory or a layout is refused",
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

  test("a damaged manifest of a layout, and an index.json that leads elsewhere, are refused", async () => {
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

describe("a folder that is no image directory", () => {
  test("is refused by dir: and oci:, and nothing in it is touched", async () => {
    await using temporary = await temporaryFolder();
    const precious = path.join(temporary.path, "precious");
    await mkdir(path.join(precious, "sub"), { recursive: true });
    await writeFile(path.join(precious, "thesis.txt"), "years of work");
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
