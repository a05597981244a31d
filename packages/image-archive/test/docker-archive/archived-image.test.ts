import { digestOf, mediaTypes } from "@drayage/core";
import type { ImageSource } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { tarFile } from "@drayage/test-support";
import type { TarFileMember } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { archivedImageNames, openArchivedImage, TarArchive } from "../../src/index.ts";
import { blobPath } from "../../src/oci-archive/tar-layout.ts";
import { CountedBytes } from "../counted-bytes.ts";

const reference = memory().parseReference("archive");
const layer = Buffer.from("a layer");
const config = JSON.stringify({ rootfs: { type: "layers", diff_ids: [digestOf(layer)] } });

const docker: readonly TarFileMember[] = [
  { name: "c.json", content: config },
  { name: "l.tar", content: layer },
  {
    name: "manifest.json",
    content: JSON.stringify([{ Config: "c.json", RepoTags: ["x:1"], Layers: ["l.tar"] }]),
  },
];

const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from("{}")), size: 2 },
  layers: [],
});

const layout: readonly TarFileMember[] = [
  { name: blobPath(digestOf(Buffer.from(manifest))), content: manifest },
  { name: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
  {
    name: "index.json",
    content: JSON.stringify({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: mediaTypes.ociManifest,
          digest: digestOf(Buffer.from(manifest)),
          size: manifest.length,
          annotations: { "org.opencontainers.image.ref.name": "A-Name" },
        },
      ],
    }),
  },
];

interface Opened {
  readonly bytes: CountedBytes;
  readonly archive: TarArchive;
}

async function opened(members: readonly TarFileMember[]): Promise<Opened> {
  const bytes = CountedBytes.of(tarFile(members));
  return { bytes, archive: await TarArchive.open(bytes) };
}

async function imageIn(members: readonly TarFileMember[], image?: string): Promise<ImageSource> {
  return openArchivedImage(reference, (await opened(members)).archive, image);
}

describe.each([
  ["a docker archive", docker, ["x", "x:2", "A-Name"], ["x:1", "docker.io/library/x:1"]],
  ["an OCI archive", layout, ["x:1", "A"], ["A-Name"]],
  ["an archive of both formats", [...layout, ...docker], ["A-Name"], ["x:1"]],
] as const)("%s", (_, members, others, names) => {
  test.each([undefined, "@0", ...names])("is read with %s", async (image) => {
    await using source = await imageIn(members, image);
    const { mediaType } = await source.getManifest();
    expect(mediaType).toBe(names[0] === "x:1" ? mediaTypes.dockerManifest : mediaTypes.ociManifest);
  });

  test.each(["@1", ...others])("has no image %s, and is closed", async (image) => {
    const { bytes, archive } = await opened(members);
    await expect(openArchivedImage(reference, archive, image)).rejects.toThrow(
      expect.objectContaining({
        code: image.startsWith("A") && names[0] === "x:1" ? "invalid-reference" : "not-found",
      }),
    );
    expect(bytes.isClosed).toBe(true);
  });

  test("lists the names of its images", async () => {
    const { archive } = await opened(members);
    expect(await archivedImageNames(reference, archive)).toEqual([names[0]]);
  });
});

test.each([
  ["neither format", [{ name: "file", content: "" }], "index.json"],
  ["an image written by docker before 1.10", [{ name: "repositories", content: "{}" }], "newer"],
])("an archive with %s is rejected with advice", async (_, members, words) => {
  await expect(imageIn(members)).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining(words) as string,
  });
});

test.each([false, true])(
  "each blob costs a request if the bytes are remote: %s",
  async (isRemote) => {
    for (const members of [docker, layout]) {
      const bytes = Object.assign(CountedBytes.of(tarFile(members)), { isRemote });
      await using source = await openArchivedImage(
        reference,
        await TarArchive.open(bytes),
        undefined,
      );
      const { requests, isLocal = false } = source.offers;
      expect([requests?.perBlob, isLocal]).toEqual(isRemote ? [1, false] : [undefined, true]);
    }
  },
);
