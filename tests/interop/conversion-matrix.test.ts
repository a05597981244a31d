import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, mediaTypes } from "@drayage/core";
import type { CopyOptions, Descriptor } from "@drayage/core";
import { manifestDigestOf } from "@drayage/core/manifest";
import { findProgram, outputOf } from "@drayage/test-support";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { describe, expect, test } from "vitest";

import { startClaimingRegistry } from "./claiming-registry.ts";
import type { PutManifest } from "./claiming-registry.ts";
import { temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";
/**
 * skopeo 1.9 drops the types of artifacts in an index and the subject, and does not annotate entries with zstd layers. 1.22
 * and Drayage keep the former and do the latter.
 */
const isOldSkopeo = skopeo !== "" && / 1\.9\./.test(await outputOf(skopeo, "--version"));
const fixtures = path.join(
  import.meta.dirname,
  "../../../shared/fixtures/containers-image/internal",
);
const { ociManifest, ociIndex, dockerManifest, dockerList, dockerSchema1Signed } = mediaTypes;

const formats = [
  ["oci", ociManifest],
  ["v2s2", dockerManifest],
  ["v2s1", dockerSchema1Signed],
] as const;

/** Writes an index, its manifests and the only config to a `dir:` image. Its layers are missing. */
async function writeImage(
  folder: string,
  index: string,
  manifests: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, content: string): Promise<void> =>
    writeFile(path.join(folder, name), content);
  await write("version", "Directory Transport Version: 1.1\n");
  await write("manifest.json", index);
  for (const text of manifests) await write(`${hexOf(text)}.manifest.json`, text);
  const config = fixture("image/fixtures/schema2-config.json");
  await write(hexOf(config), config);
}

function fixture(name: string): string {
  return readFileSync(path.join(fixtures, name), "utf8");
}

function hexOf(text: string): string {
  return digestOf(Buffer.from(text)).slice("sha256:".length);
}

/** The manifests of real images, with the config that the fixtures contain. Those that only OCI can contain are last. */
function realManifests(): readonly string[] {
  const config = fixture("image/fixtures/schema2-config.json");
  return [
    "image/fixtures/schema2.json",
    "image/fixtures/oci1.json",
    "image/fixtures/oci1-to-schema2.json",
    "image/fixtures/schema2-to-oci1.json",
    "manifest/testdata/v2s2.manifest.json",
    "manifest/testdata/ociv1.manifest.json",
    "manifest/testdata/ociv1nomime.manifest.json",
    "../manifest/fixtures/ociv1.nondistributable.gzip.manifest.json",
    "../manifest/fixtures/v2s2.nondistributable.manifest.json",
    "../manifest/fixtures/ociv1.encrypted.manifest.json",
    "image/fixtures/oci1-artifact.json",
    ...(isOldSkopeo ? [] : ["../manifest/fixtures/ociv1.zstd.manifest.json"]),
  ].map((name) =>
    fixture(name)
      // Both programs compress uncompressed layers, which are missing here.
      .replace(/diff\.tar"/g, 'diff.tar.gzip"')
      .replace(/"config": *\{[^}]*\}/, (descriptor) =>
        descriptor
          .replace(/sha256:[0-9a-f]{64}/, `sha256:${hexOf(config)}`)
          .replace(/("size": *)[0-9]+/, `$1${Buffer.byteLength(config)}`),
      ),
  );
}

/** An index of these manifests with platforms that conversions change. */
function indexOf(mediaType: string, manifests: readonly string[], isConverted: boolean): string {
  const isOCI = mediaType === ociIndex;
  const platforms = [
    { os: "linux", architecture: "amd64", ...(isOCI ? {} : { features: ["sse4"] }) },
    { variant: "v7", os: "linux", architecture: "arm" },
    { "os.features": ["win32k"], os: "windows", "os.version": "10", architecture: "amd64" },
    isOCI ? undefined : {},
  ];
  const entries = manifests.map((text, at) => ({
    ...(isOCI && { annotations: { at: `<${at}>` } }),
    platform: platforms[at % platforms.length],
    size: Buffer.byteLength(text),
    digest: `sha256:${hexOf(text)}`,
    mediaType: text.includes(".docker.distribution.manifest.v2") ? dockerManifest : ociManifest,
  }));
  const content = {
    manifests: entries,
    ...(isOCI && { annotations: { z: "&", a: "" } }),
    ...(isOCI && (isConverted || !isOldSkopeo) && { artifactType: "a/b" }),
    // A registry without referrers would get a list of them.
    ...(isOCI && isConverted && { subject: entries[0] }),
    mediaType,
    schemaVersion: 2,
  };
  return JSON.stringify(content, undefined, 2);
}

/** What both programs put, as text that contains digests. Signatures of schema 1 are not compared. */
async function bothPuts(
  folder: string,
  format: string,
  multiArch: string,
  options: CopyOptions,
): Promise<{ readonly ours: readonly string[]; readonly theirs: readonly string[] }> {
  await using registry = await startClaimingRegistry(layerSizes());
  const name = `${registry.host}/team/app:1`;
  const flags = ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false"];
  await outputOf(
    skopeo,
    ...flags,
    `--multi-arch=${multiArch}`,
    `--format=${format}`,
    `dir:${folder}`,
    `docker://${name}`,
  );
  const theirs = registry.manifests.splice(0).map(describePut).toSorted();
  await copyImage(
    directory().parseReference(folder),
    docker({ insecure: true }).parseReference(`//${name}`),
    options,
  );
  return { ours: registry.manifests.map(describePut).toSorted(), theirs };
}

/** The sizes of the layers in the manifests, and of the empty layer of schema 1. */
function layerSizes(): ReadonlyMap<string, number> {
  const layers = realManifests().flatMap(
    (text) => (JSON.parse(text) as { readonly layers: readonly Descriptor[] }).layers,
  );
  const empty = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";
  return new Map([...layers.map(({ digest, size }) => [digest, size] as const), [empty, 32]]);
}

function describePut({ reference, mediaType, bytes }: PutManifest): string {
  const isSchema1 = mediaType === dockerSchema1Signed;
  const content = isSchema1
    ? manifestDigestOf({ bytes, mediaType })
    : Buffer.from(bytes).toString();
  return `${reference} ${mediaType} ${content}`;
}

describe.skipIf(skopeo === "" || !existsSync(fixtures))("manifests of real images", () => {
  test.for(
    [ociIndex, dockerList].flatMap((index) => formats.map((format) => [index, ...format] as const)),
  )("in %s, copied as %s, are those that skopeo writes", async ([type, format, mediaType]) => {
    await using folder = await temporaryFolder();
    const all = realManifests();
    // Schema 1 needs as many layers as the history of the config has.
    const manifests = all.slice(0, { oci: all.length, v2s2: 9, v2s1: 4 }[format]);
    await writeImage(folder.path, indexOf(type, manifests, mediaType !== ociManifest), manifests);
    const { ours, theirs } = await bothPuts(folder.path, format, "all", {
      manifestMIMEType: mediaType,
      instances: "all",
    });
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(manifests.length / 2);
  });

  test.for(
    ["oci1index", "ociv1.image.index", "schema2list", "v2list.manifest"]
      .flatMap((name) => formats.slice(0, 2).map((format) => [name, ...format] as const))
      .filter(([name, format]) => !isOldSkopeo || name !== "oci1index" || format !== "oci"),
  )(
    "such as the index %s, copied as %s, are those that skopeo writes",
    async ([name, format, mediaType]) => {
      await using folder = await temporaryFolder();
      await writeImage(folder.path, fixture(`manifest/testdata/${name}.json`), []);
      const { ours, theirs } = await bothPuts(folder.path, format, "index-only", {
        manifestMIMEType: mediaType,
        instances: "index-only",
      });
      expect(ours).toEqual(theirs);
      expect(ours).toHaveLength(1);
    },
  );
});
