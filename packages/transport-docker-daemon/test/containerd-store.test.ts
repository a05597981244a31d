import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import { copyImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { spooled, TarArchive } from "@drayage/image-archive";
import { descriptorOfEntry, nameOfEntry, parseLayoutIndex } from "@drayage/image-layout";
import type { IndexEntry } from "@drayage/image-layout";
import { conformance, inMemory, randomIndex } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";
import { respondNotFound, startFakeEngine } from "./fake-engine.ts";

/** A loaded image. */
interface Loaded {
  readonly archive: Buffer;
  readonly entry: IndexEntry;
  readonly manifests: readonly string[];
}

/** Stores archives unchanged, as Docker with the containerd store does. */
class ContainerdStore {
  readonly #images = new Map<string, Loaded>();

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch(() => request.destroy());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url?.replace("/v1.41", "") ?? "";
    if (url === "/info") {
      response.end('{"DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}');
      return;
    }
    if (url.startsWith("/images/load")) return this.#load(request, response);
    const [, name = "", what] =
      /^\/images\/(.*?)(\/json\?manifests=1|\/json|\/get|)$/.exec(url) ?? [];
    const image = this.#images.get(name);
    if (image === undefined) respondNotFound(request, response);
    else if (what === "/get") response.end(image.archive);
    else if (what === "") response.end(String(this.#images.delete(name)));
    else response.end(JSON.stringify(inspected(image)));
  }

  async #load(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks = (await Array.fromAsync(request)) as Buffer[];
    const archive = Buffer.concat(chunks);
    const bytes = await spooled(ReadableStream.from(chunks), "what was loaded");
    await using tar = await TarArchive.open(bytes);
    const index = await tar.readSmall("index.json", 1 << 20);
    const [entry] = index === undefined ? [] : parseLayoutIndex(index).entries;
    const name = entry && nameOfEntry(entry);
    if (entry === undefined || name === undefined) throw new Error("no name");
    const manifests = tar.members.map((member) => member.path.replace("blobs/sha256/", "sha256:"));
    this.#images.set(name, { archive, entry, manifests });
    response.end(JSON.stringify({ stream: `Loaded image: ${name}` }));
  }
}

function inspected({ entry, manifests }: Loaded): unknown {
  const { digest, mediaType } = descriptorOfEntry(entry);
  const isIndex = /index|list/.test(mediaType ?? "");
  const listed = manifests.filter((one) => !isIndex || one !== digest);
  return { Id: digest, Manifests: listed.map((ID) => ({ ID, Available: true })) };
}

describe("an engine with the containerd store", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "containerd-"));
  const store = new ContainerdStore();
  const engine = await startFakeEngine(path.join(folder, "docker.sock"), (...exchange) =>
    store.answer(...exchange),
  );
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const transport = dockerDaemon(engine);
  let count = 0;
  const freshReference = (): ImageReference => transport.parseReference(`image:${count++}`);

  for (const { name, run } of await conformance({
    transport,
    freshReference,
    siblingOf: freshReference,
    overwriting: "replaces",
  }))
    test(name, run);

  test("receives nothing that it already has", async () => {
    const reference = freshReference();
    const from = await inMemory(await randomIndex("twice"));
    await copyImage(from, reference, { instances: "all" });
    const again = await copyImage(from, reference, { instances: "all" });
    expect(again.alreadyThere).toBe(true);
  });
});
