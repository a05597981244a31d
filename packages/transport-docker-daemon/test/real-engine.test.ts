import { readdir } from "node:fs/promises";
import path from "node:path";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";

import { copyImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { DockerArchiveDestination, StreamArchiveUpdate } from "@drayage/image-archive";
import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import type { Dockerd } from "@drayage/test-servers";
import { nextMessage, scratchFolder, startProgram } from "@drayage/test-support";
import { assertContent, inMemory, assertNoImage, putImage, randomImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";

import { Engine } from "../src/engine/engine.ts";
import { ImageLoad } from "../src/engine/image-load.ts";
import { dockerDaemon } from "../src/index.ts";

const uncompressed = { format: "docker", compression: "none" } as const;

/** The archive that an engine receives. */
async function archiveOf(image: WholeImage, reference: ImageReference): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const output = new Writable({
    write(chunk: Uint8Array, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  const update = new StreamArchiveUpdate(output, "memory");
  const { dockerReference } = reference;
  const names = dockerReference === undefined ? [] : [dockerReference];
  await using archive = await DockerArchiveDestination.open(reference, update, names);
  await putImage(image, archive);
  await archive.commit();
  return Buffer.concat(chunks);
}

describe.skipIf(dockerdProgram === undefined)("a Docker Engine (needs dockerd)", () => {
  let dockerd: Dockerd;
  beforeAll(async () => {
    dockerd = await startDockerd();
  });
  afterAll(() => dockerd[Symbol.asyncDispose]());

  test("finds an image by its tag and by its ID, the digest of its config", async () => {
    const transport = dockerDaemon({ host: dockerd.host });
    const image = await randomImage("known");
    await copyImage(await inMemory(image), transport.parseReference("known:1"));
    const parsed = parseManifest(image.manifest);
    const id = parsed.kind === "image" ? parsed.config.digest : undefined;
    await assertContent(transport.parseReference(String(id)), image);
  });

  test("loads nothing of a truncated archive, wherever it ends", async () => {
    const transport = dockerDaemon({ host: dockerd.host });
    const engine = await Engine.connect({ host: dockerd.host });
    const cut = transport.parseReference("cut:1");
    const archive = await archiveOf(await randomImage("cut", uncompressed), cut);
    const lengths = [1, 512, 513, 20_000, archive.length - 1024, archive.length - 512];
    const boundaries = [...archive.toString("latin1").matchAll(/ustar\0/g)].map(
      ({ index }) => index - 257,
    );
    expect(boundaries.length).toBeGreaterThan(5);
    for (const length of [...lengths, ...boundaries.filter((at) => at > 0)]) {
      const load = new ImageLoad(engine, {});
      const { promise: sent, resolve } = Promise.withResolvers<unknown>();
      load.on("error", () => {});
      load.write(archive.subarray(0, length), resolve);
      await sent;
      load.destroy();
    }
    const whole = transport.parseReference("whole:1");
    await copyImage(await inMemory(await randomImage("whole")), whole);
    await assertNoImage(cut);
  });

  test("reports errors in the middle of an archive", async () => {
    const load = new ImageLoad(await Engine.connect({ host: dockerd.host }), {});
    load.end(Buffer.alloc(1 << 20, "no archive"));
    await expect(finished(load)).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
      message: expect.stringContaining("invalid tar header") as string,
    });
  });

  test("is read over a temporary file that is always deleted", async () => {
    const transport = dockerDaemon({ host: dockerd.host });
    const reference = transport.parseReference("spooled:1");
    await copyImage(await inMemory(await randomImage("spooled")), reference);
    const folder = await scratchFolder();
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    await copyImage(reference, memory().parseReference("out"));
    expect(await readdir(folder)).toEqual([]);
    const controller = new AbortController();
    const reason = new Error("aborted by the test");
    const copy = copyImage(reference, memory().parseReference("out"), {
      signal: controller.signal,
      onEvent: () => controller.abort(reason),
    });
    await expect(copy).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  test("removes one name, and keeps an image with other names", async () => {
    const transport = dockerDaemon({ host: dockerd.host });
    const [one, other] = ["names:1", "names:2"].map((name) => transport.parseReference(name));
    const image = await randomImage("names");
    for (const name of [one, other]) if (name) await copyImage(await inMemory(image), name);
    const parsed = parseManifest(image.manifest);
    const id = parsed.kind === "image" ? parsed.config.digest : "";
    await expect(transport.parseReference(id).deleteImage()).rejects.toMatchObject({
      code: "conflict",
    });
    await one?.deleteImage();
    await assertContent(transport.parseReference(id), image);
    await other?.deleteImage();
    await assertNoImage(transport.parseReference(id));
  });

  test("is not accessible to every user; the error explains what to do", async () => {
    const program = path.join(import.meta.dirname, "open-image.program.ts");
    const answer = await nextMessage(startProgram(program, dockerd.host));
    expect(answer).toMatchObject({
      code: "denied",
      message: expect.stringContaining("member of the socket's group") as string,
    });
  });

  test("that is killed ends a copy at once", async () => {
    await using victim = await startDockerd();
    const reference = dockerDaemon({ host: victim.host }).parseReference("victim:1");
    const from = await inMemory(await randomImage("victim", { layerSize: 1_000_000 }));
    const copy = copyImage(from, reference, {
      onEvent: ({ kind }) => void (kind === "blob-done" && victim.kill()),
    });
    await expect(copy).rejects.toMatchObject({ code: "unavailable" });
  });
});
