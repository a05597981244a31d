import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Digest, ImageReference, ImageTransport } from "@drayage/core";
import { hexOf } from "@drayage/core";
import { conformance } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-archives-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
let count = 0;

describe.each([
  ["docker-archive", dockerArchive(), { overwriting: "refuses" }],
  ["docker-archive, appended to", dockerArchive({ append: true }), { siblingOf: true }],
  ["oci-archive", ociArchive(), {}],
  ["oci-archive, appended to", ociArchive({ append: true }), { siblingOf: true }],
] as const)("%s", async (_, transport: ImageTransport, { siblingOf, ...expected }: Expected) => {
  const subject: TransportUnderTest = {
    transport,
    freshReference: () => transport.parseReference(`${folder}/${count++}.tar:example.com/image:1`),
    ...(siblingOf && {
      siblingOf: ({ stringWithinTransport }) =>
        transport.parseReference(`${stringWithinTransport}-${count++}`),
    }),
    damageBlob,
    ...expected,
  };
  for (const { name, run } of await conformance(subject)) test(name, run);
});

interface Expected extends Pick<TransportUnderTest, "overwriting"> {
  readonly siblingOf?: true;
}

/** After the header with the name of the blob. */
async function damageBlob(
  { stringWithinTransport }: ImageReference,
  digest: Digest,
): Promise<void> {
  const file = stringWithinTransport.slice(0, stringWithinTransport.indexOf(":"));
  const header = (await readFile(file)).indexOf(`blobs/sha256/${hexOf(digest)}\0`);
  await using handle = await open(file, "r+");
  await handle.write("#", header + 512);
}
