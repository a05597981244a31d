import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { copyImage, openImage, Transports } from "@drayage/core";
import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import type { Dockerd } from "@drayage/test-servers";
import { findProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { assertContent, inMemory, randomImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { dockerDaemon } from "@drayage/transport-docker-daemon";
import { dockerArchive } from "@drayage/transport-tarball";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { podmanProgram, startPodmanService } from "./podman.ts";
import type { PodmanService } from "./podman.ts";

const docker = findProgram("docker") ?? "";
const skopeo = findProgram("skopeo") ?? "";
const images = [
  ["an OCI image", await randomImage("daemon", { compression: ["gzip", "zstd", "none"] })],
  ["a docker image", await randomImage("daemon", { format: "docker" })],
] as const;

describe.skipIf(dockerdProgram === undefined)("a Docker Engine", () => {
  let dockerd: Dockerd;
  let transports: Transports;
  let count = 0;

  beforeAll(async () => {
    dockerd = await startDockerd();
    transports = new Transports([dockerDaemon(dockerd), dockerArchive(), directory()]);
  });
  afterAll(() => dockerd[Symbol.asyncDispose]());

  const freshName = (): string => `example.com/image:${count++}`;
  const copy = async (from: string, to: string): Promise<unknown> =>
    copyImage(transports.parse(from), transports.parse(to));
  const runDocker = async (...args: readonly string[]): Promise<string> =>
    outputOf(docker, "--host", dockerd.host, ...args);
  const runSkopeo = async (command: string, ...args: readonly string[]): Promise<string> =>
    outputOf(skopeo, "--insecure-policy", command, ...args);
  const manifestAt = async (name: string): Promise<string> => {
    await using image = await openImage(transports.parse(name));
    return Buffer.from(image.manifest.bytes).toString();
  };

  describe.skipIf(docker === "")("compared to docker", () => {
    test.each(images)("docker shows %s under its name with its ID", async (_, image) => {
      const name = freshName();
      const to = transports.parse(`docker-daemon:${name}`);
      await copyImage(await inMemory(image), to);
      await using stored = await openImage(to);
      const shown = await runDocker("image", "inspect", "--format={{.Id}}", name);
      expect(shown.trim()).toBe(stored.configInfo?.digest);
    });

    test("a docker context selects the engine", async () => {
      const folder = await scratchFolder();
      const endpoint = `host=${dockerd.host}`;
      const flags = ["--config", folder, "context", "create", "mine", "--docker", endpoint];
      await outputOf(docker, ...flags);
      const environment = { DOCKER_CONFIG: folder, DOCKER_CONTEXT: "mine" };
      const to = dockerDaemon({ system: { environment } }).parseReference(freshName());
      await copyImage(await inMemory(images[0][1]), to);
      await assertContent(
        transports.parse(`docker-daemon:${to.stringWithinTransport}`),
        images[0][1],
      );
    });

    test("the engine loads written archives, and saves readable ones", async () => {
      const folder = await scratchFolder();
      const [mine, saved] = [path.join(folder, "mine.tar"), path.join(folder, "saved.tar")];
      const name = freshName();
      const archive = transports.parse(`docker-archive:${mine}:${name}`);
      await copyImage(await inMemory(images[0][1]), archive);
      await runDocker("load", "--input", mine);
      await assertContent(transports.parse(`docker-daemon:${name}`), images[0][1]);
      await runDocker("save", "--output", saved, name);
      const manifests = [`docker-archive:${saved}:${name}`, `docker-daemon:${name}`].map(
        manifestAt,
      );
      const [inArchive, inEngine] = await Promise.all(manifests);
      expect(inEngine).toBe(inArchive);
    });
  });

  describe.skipIf(skopeo === "")("compared to skopeo", () => {
    test("skopeo reads the same manifest and blobs", async () => {
      const [name, folder] = [freshName(), await scratchFolder()];
      await copyImage(await inMemory(images[0][1]), transports.parse(`docker-daemon:${name}`));
      const [ours, theirs] = [path.join(folder, "ours"), path.join(folder, "theirs")];
      await copy(`docker-daemon:${name}`, `dir:${ours}`);
      const host = ["--src-daemon-host", dockerd.host];
      await runSkopeo("copy", ...host, `docker-daemon:${name}`, `dir:${theirs}`);
      const manifest = await readFile(path.join(theirs, "manifest.json"), "utf8");
      expect(await readFile(path.join(ours, "manifest.json"), "utf8")).toBe(manifest);
      expect(await manifestAt(`dir:${theirs}`)).toBe(await manifestAt(`docker-daemon:${name}`));
    });

    test("skopeo inspect prints the same", async () => {
      const name = freshName();
      await copyImage(await inMemory(images[1][1]), transports.parse(`docker-daemon:${name}`));
      const host = ["--daemon-host", dockerd.host];
      const raw = await runSkopeo("inspect", "--raw", ...host, `docker-daemon:${name}`);
      expect(await manifestAt(`docker-daemon:${name}`)).toBe(raw);
    });

    test("skopeo writes readable images", async () => {
      const [name, folder] = [freshName(), await scratchFolder()];
      await copyImage(await inMemory(images[1][1]), transports.parse(`dir:${folder}/image`));
      const host = ["--dest-daemon-host", dockerd.host];
      await runSkopeo("copy", ...host, `dir:${folder}/image`, `docker-daemon:${name}`);
      await assertContent(transports.parse(`docker-daemon:${name}`), images[1][1]);
    });
  });
});

describe.skipIf(podmanProgram === undefined)("Podman's service", () => {
  let folder: string;
  let service: PodmanService;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "drayage-podman-"));
    service = await startPodmanService(path.join(folder, "podman"));
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(images)("stores %s, returns it and deletes it", async (_, image) => {
    const transport = dockerDaemon(service);
    const [first, second] = ["localhost/image:1", "image:2"].map((name) =>
      transport.parseReference(name),
    );
    for (const reference of [first, second]) {
      if (reference === undefined) continue;
      await copyImage(await inMemory(image), reference);
      await assertContent(reference, image);
    }
    await first?.deleteImage();
    await expect(first?.newImageSource()).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("image:2") as string,
    });
    await second?.deleteImage();
    await expect(second?.deleteImage()).rejects.toMatchObject({ code: "not-found" });
  });
});
