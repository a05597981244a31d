import path from "node:path";

import { copyImage, mediaTypes, Transports } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { distributionProgram } from "@drayage/test-servers";
import { findProgram, opensslProgram, outputOf } from "@drayage/test-support";
import {
  inMemory,
  assertImage,
  randomArtifact,
  randomImage,
  randomIndex,
  writeImage,
} from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { dockerArchive } from "@drayage/transport-tarball";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startSecureDistribution } from "./secure-distribution.ts";
import type { SecureDistribution } from "./secure-distribution.ts";
import { system, temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";
const areHere = skopeo !== "" && distributionProgram !== undefined && opensslProgram !== undefined;

const images = [
  ["an OCI image", await randomImage("skopeo")],
  ["a docker image", await randomImage("skopeo", { format: "docker" })],
  ["an OCI index", await randomIndex("skopeo")],
  ["a docker list", await randomIndex("skopeo", { format: "docker" })],
  ["an artifact", await randomArtifact("skopeo")],
] as const;

describe.skipIf(!areHere)("skopeo with a TLS and token registry", () => {
  const open: AsyncDisposable[] = [];
  let folder: string;
  let registry: SecureDistribution;
  let count = 0;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    folder = temporary.path;
    registry = await startSecureDistribution(folder);
    open.push(registry, temporary);
  });

  afterAll(async () => {
    for (const one of open) await one[Symbol.asyncDispose]();
  });

  function fresh(): { readonly remote: ImageReference; readonly local: ImageReference } {
    const name = `image${count++}`;
    const transport = docker({ ...registry, system });
    const remote = transport.parseReference(`//${registry.host}/by/${name}:tag`);
    return { remote, local: directory().parseReference(path.join(folder, name)) };
  }

  async function copyBySkopeo(side: "src" | "dest", from: string, to: string): Promise<void> {
    const { username, password } = registry.credentials;
    const credentials = [`--${side}-creds=${username}:${password}`];
    const trust = [`--${side}-cert-dir=${registry.certDir}`];
    const settings = ["--insecure-policy", "copy", "-q", "--all", ...credentials, ...trust];
    await outputOf(skopeo, ...settings, from, to);
  }

  test.each(images)("%s that drayage pushes is read unchanged by skopeo", async (_, image) => {
    const { remote, local } = fresh();
    const { digest } = await copyImage(await inMemory(image), remote, { instances: "all" });
    expect(digest).toBe(image.manifest.digest);
    await copyBySkopeo(
      "src",
      `docker:${remote.stringWithinTransport}`,
      `dir:${local.stringWithinTransport}`,
    );
    await assertImage(local, image);
  });

  test.each(images)("%s that skopeo pushes is read unchanged by drayage", async (_, image) => {
    const { remote, local } = fresh();
    await copyImage(await inMemory(image), local, { instances: "all" });
    await copyBySkopeo(
      "dest",
      `dir:${local.stringWithinTransport}`,
      `docker:${remote.stringWithinTransport}`,
    );
    const out = memory().parseReference("out");
    await copyImage(remote, out, { instances: "all" });
    await assertImage(out, image);
  });
});

describe.skipIf(skopeo === "")(
  "an image that is converted to docker's format has the same digest as skopeo's",
  () => {
    test.each(["dir", "docker-archive"])("in %s:", async (place) => {
      await using folder = await temporaryFolder();
      const at = (name: string): string => path.join(folder.path, name);
      const transports = new Transports([directory(), dockerArchive()]);
      const from = `dir:${at("from")}`;
      await writeImage(await randomImage("converted"), transports.parse(from));
      const theirs = `${place}:${at("theirs")}`;
      const flags = ["--insecure-policy", "copy", "--quiet", "--format=v2s2"];
      await outputOf(skopeo, ...flags, from, theirs);
      const to = transports.parse(`${place}:${at("ours")}`);
      const manifestMIMEType = mediaTypes.dockerManifest;
      const { digest } = await copyImage(transports.parse(from), to, { manifestMIMEType });
      const read = await outputOf(skopeo, "inspect", "--format={{.Digest}}", theirs);
      expect(digest).toBe(read.trim());
    });
  },
);
