import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { dockerArchive, ociArchive, tarball } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-missing-"));
beforeAll(() => writeFile(path.join(folder, "image.tar"), ""));
afterAll(() => rm(folder, { recursive: true, force: true }));

const transports = [dockerArchive(), ociArchive(), tarball()];

test.each(transports)("$name: suggests a file with a similar name", async (transport) => {
  const reference = transport.parseReference(path.join(folder, "imgae.tar"));
  await expect(reference.newImageSource()).rejects.toMatchObject({
    code: "not-found",
    message: expect.stringContaining(`did you mean ${path.join(folder, "image.tar")}?`) as string,
  });
});

test.each(transports)("$name: suggests no file without a similar name", async (transport) => {
  const reference = transport.parseReference(path.join(folder, "another-one"));
  await expect(reference.newImageSource()).rejects.toMatchObject({
    code: "not-found",
    message: expect.not.stringContaining("did you mean") as string,
  });
});
