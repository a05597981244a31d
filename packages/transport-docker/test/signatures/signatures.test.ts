import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { copyImage, formatSignature, isImageError, parseSignature } from "@drayage/core";
import type { ImageReference, Signature } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { digestTagsOf } from "@drayage/core/reference";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, putBlobs, randomImage, randomIndex } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerSettings, DockerTransport } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

const image = await randomImage("signed", { layers: 1 });
const { digest } = image.manifest;
const [signatureTag = ""] = digestTagsOf(digest);
const system = { rootForImplicitAbsolutePaths: import.meta.dirname, environment: {} };

const simple: Signature = { kind: "simple-signing", bytes: Buffer.from([0xa3, 1, 2]) };
const another: Signature = { kind: "simple-signing", bytes: Buffer.from([0xa3, 3]) };
const attached: Signature = {
  kind: "sigstore",
  mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
  payload: Buffer.from('{"critical":{}}'),
  annotations: { "dev.cosignproject.cosign/signature": "MEUC" },
};

/** A `docker()` with this section for signatures. */
async function dockerWith(
  section: string,
  settings: DockerSettings = {},
): Promise<DockerTransport> {
  const registriesDir = await scratchFolder();
  const text = section === "" ? "" : `default-docker:\n  ${section}\n`;
  await writeFile(path.join(registriesDir, "default.yaml"), text);
  return docker({ system, registriesDir, ...settings });
}

async function signaturesOf(reference: ImageReference): Promise<readonly Signature[]> {
  await using source = await reference.newImageSource();
  const signatures = (await source.getSignatures?.()) ?? [];
  return signatures.map((one) => parseSignature(Buffer.from(formatSignature(one))));
}

async function signedInMemory(...signatures: readonly Signature[]): Promise<ImageReference> {
  const reference = memory().parseReference("signed");
  await using destination = await reference.newImageDestination();
  await putBlobs(image, destination);
  await destination.putManifest(image.manifest);
  await destination.putSignatures?.(signatures);
  await destination.commit();
  return reference;
}

function refTo({ host }: { readonly host: string }, transport: DockerTransport): ImageReference {
  return transport.parseReference(`//${host}/team/a:1`);
}

describe("signatures in a lookaside store", () => {
  test("are copied in order from file to file", async () => {
    const folder = await scratchFolder();
    const transport = await dockerWith(`lookaside: ${pathToFileURL(folder).href}`);
    await using registry = await startRegistry();
    const reference = refTo(registry, transport);
    await copyImage(await signedInMemory(simple, another), reference);
    expect(await signaturesOf(reference)).toEqual([simple, another]);
    const files = await readdir(path.join(folder, `team/a@${digest.replace(":", "=")}`));
    expect(files.toSorted()).toEqual(["signature-1", "signature-2"]);
    const copy = memory().parseReference("copy");
    await copyImage(reference, copy);
    expect(await signaturesOf(copy)).toEqual([simple, another]);
  });

  test("replace existing signatures", async () => {
    const folder = await scratchFolder();
    const transport = await dockerWith(`lookaside: ${pathToFileURL(folder).href}`);
    await using registry = await startRegistry();
    const reference = refTo(registry, transport);
    await copyImage(await signedInMemory(simple, another), reference);
    await copyImage(await signedInMemory(another), reference);
    expect(await signaturesOf(reference)).toEqual([another]);
  });

  test("are read by HTTP up to the first missing one", async () => {
    await using server = await startServer(({ url }, response) => {
      if (url?.endsWith("/signature-1")) response.end(Buffer.from([0xa3, 1, 2]));
      else response.writeHead(404).end();
    });
    const transport = await dockerWith(`lookaside: ${server.origin}/base`);
    await using registry = await startRegistry();
    await registry.putImage("team/a", image, "1");
    expect(await signaturesOf(refTo(registry, transport))).toEqual([simple]);
    const base = `GET /base/team/a@${digest.replace(":", "=")}`;
    expect(server.requests).toEqual([`${base}/signature-1`, `${base}/signature-2`]);
  });

  test("are requested without credentials", async () => {
    await using server = await startServer((_, response) => void response.writeHead(404).end());
    const credentials = { username: "ann", password: "secret" };
    const transport = await dockerWith(`lookaside: ${server.origin}`, { credentials });
    const users = { ann: { password: "secret" } };
    await using registry = await startRegistry({ authentication: { kind: "basic", users } });
    await registry.putImage("team/a", image, "1");
    expect(await signaturesOf(refTo(registry, transport))).toEqual([]);
    expect(server.authorizations).toEqual([undefined]);
  });

  test.each([401, 403, 500])("that return %i end the copy", async (status) => {
    await using server = await startServer((_, response) => void response.writeHead(status).end());
    const transport = await dockerWith(`lookaside: ${server.origin}`);
    await using registry = await startRegistry();
    await registry.putImage("team/a", image, "1");
    const from = refTo(registry, transport);
    const failed = copyImage(from, memory().parseReference("copy"), { removeSignatures: false });
    expect(isImageError(await failed.catch((error: unknown) => error))).toBe(true);
    await copyImage(from, memory().parseReference("copy"), { removeSignatures: true });
  });

  test.each([
    ["endless", Buffer.from([0xa3, 1])],
    ["that are too large", Buffer.alloc((4 << 20) + 1, 0xa3)],
    ["that are invalid", Buffer.from("<html>")],
  ])("%s are an error", async (_, body) => {
    await using server = await startServer((__, response) => void response.end(body));
    const transport = await dockerWith(`lookaside: ${server.origin}`);
    await using registry = await startRegistry();
    await registry.putImage("team/a", image, "1");
    const found = await signaturesOf(refTo(registry, transport)).catch((error: unknown) => error);
    expect(isImageError(found)).toBe(true);
    expect(server.requests.length).toBeLessThan(140);
  });

  test("that cannot be written reject the copy before it starts", async () => {
    const transport = await dockerWith("lookaside: https://a.example/sigs");
    await using registry = await startRegistry();
    const to = refTo(registry, transport);
    await expect(copyImage(await signedInMemory(simple), to)).rejects.toMatchObject({
      code: "impossible-copy",
      message: expect.stringMatching(/lookaside-staging .*--remove-signatures/) as string,
    });
    expect(registry.requests.every(({ method }) => method === "HEAD")).toBe(true);
  });
});

describe("signatures in a registry", () => {
  const enabled = "use-sigstore-attachments: true";

  async function pushed(
    registry: Registry,
    transport: DockerTransport,
    ...signatures: readonly Signature[]
  ): Promise<ImageReference> {
    const reference = refTo(registry, transport);
    await copyImage(await signedInMemory(...signatures), reference);
    return reference;
  }

  test("are attached as cosign does, and read back", async () => {
    await using registry = await startRegistry();
    const reference = await pushed(registry, await dockerWith(enabled), attached);
    expect(await signaturesOf(reference)).toEqual([attached]);
    expect(registry.tags("team/a").toSorted()).toEqual(["1", signatureTag].toSorted());
    const manifest = registry.findManifest("team/a", signatureTag);
    expect(manifest && parseManifest(manifest)).toMatchObject({ kind: "image" });
  });

  test("are added to existing signatures, each once", async () => {
    await using registry = await startRegistry();
    const transport = await dockerWith(enabled);
    const second = { ...attached, payload: Buffer.from("{}") };
    await pushed(registry, transport, attached);
    const reference = await pushed(registry, transport, attached, second);
    expect(await signaturesOf(reference)).toEqual([attached, second]);
  });

  test("are not requested unless enabled", async () => {
    await using registry = await startRegistry();
    await pushed(registry, await dockerWith(enabled), attached);
    registry.clear();
    expect(await signaturesOf(refTo(registry, await dockerWith("")))).toEqual([]);
    expect(registry.requests.every(({ path: requested }) => !requested.endsWith(".sig"))).toBe(
      true,
    );
  });

  test.each([404, 405, 501])("are found if HEAD returns %i", async (status) => {
    await using registry = await startRegistry({
      intercept: ({ method }) => (method === "HEAD" ? { status } : undefined),
    });
    const reference = await pushed(registry, await dockerWith(enabled), attached);
    expect(await signaturesOf(reference)).toEqual([attached]);
  });

  test("are rejected by a destination that does not enable them", async () => {
    await using registry = await startRegistry();
    const to = refTo(registry, await dockerWith(""));
    await expect(copyImage(await signedInMemory(attached), to)).rejects.toMatchObject({
      code: "impossible-copy",
      message: expect.stringMatching(/use-sigstore-attachments .*--remove-signatures/) as string,
    });
    await copyImage(await signedInMemory(attached), to, { removeSignatures: true });
    expect(registry.tags("team/a")).toEqual(["1"]);
  });

  test.each([401, 403, 500])("that return %i end the copy", async (status) => {
    await using registry = await startRegistry({
      intercept: ({ path: requested }) => (requested.endsWith(".sig") ? { status } : undefined),
    });
    await registry.putImage("team/a", image, "1");
    const found = signaturesOf(refTo(registry, await dockerWith(enabled)));
    expect(isImageError(await found.catch((error: unknown) => error))).toBe(true);
  });

  test("with a damaged payload are an error", async () => {
    await using registry = await startRegistry({
      intercept: ({ method, path: requested }) =>
        method === "GET" && requested.includes("/blobs/") && isDamaged
          ? { status: 200, body: Buffer.alloc(15) }
          : undefined,
    });
    let isDamaged = false;
    const reference = await pushed(registry, await dockerWith(enabled), attached);
    isDamaged = true;
    await expect(signaturesOf(reference)).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  test("of each image of an index are copied", async () => {
    await using registry = await startRegistry();
    const transport = await dockerWith(enabled);
    const index = await randomIndex("signed", { layers: 1 });
    const reference = refTo(registry, transport);
    const from = await inMemory(index);
    await copyImage(from, reference, { instances: "all" });
    const manifest = parseManifest(index.manifest);
    const first = manifest.kind === "index" ? manifest.manifests[0]?.digest : undefined;
    await using source = await reference.newImageSource();
    expect(await source.getSignatures?.(first)).toEqual([]);
  });
});
