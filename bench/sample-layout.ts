import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

import { digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor } from "@drayage/core";
import { ociLayout } from "@drayage/transport-oci-layout";

const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** The images to measure, with files of this machine: a few large layers, or many small ones. */
export const samples: Readonly<Record<string, () => readonly (readonly string[])[]>> = {
  big: () => [
    ["usr/bin", "usr/sbin"],
    ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"],
    ["usr/lib/gcc", "usr/lib/jvm"],
    ["usr/lib/python3", "usr/lib/git-core", "usr/include"],
    ["usr/share"],
  ],
  many: () => {
    const folders = readdirSync("/usr/share", { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    return folders.slice(0, 60).map(({ name }) => [`usr/share/${name}`]);
  },
};

/** Writes an image to its own layout, as `image`. */
export async function writeSample(
  layout: string,
  layers: readonly (readonly string[])[],
): Promise<void> {
  const reference = ociLayout().parseReference(`${path.resolve(layout)}:image`);
  await using destination = await reference.newImageDestination();
  const descriptors: Descriptor[] = [];
  for (const folders of layers) {
    descriptors.push(await destination.putBlob(packed(folders), { mediaType: layerType }));
  }
  const platform = { os: "linux", architecture: "amd64" };
  const config = Buffer.from(
    JSON.stringify({ ...platform, rootfs: { type: "layers", diff_ids: [] } }),
  );
  const size = config.byteLength;
  const named = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size };
  await destination.putBlob(once(config), named);
  const content = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: named,
    layers: descriptors,
  };
  await destination.putManifest({ bytes: Buffer.from(JSON.stringify(content)) });
  await destination.commit();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Skips missing folders and files that change. */
async function* packed(folders: readonly string[]): AsyncGenerator<Uint8Array> {
  const options = ["-C", "/", "--sort=name", "--mtime=@0", "--ignore-failed-read", "-cz"];
  const tar = spawn("tar", [...options, ...folders], { stdio: ["ignore", "pipe", "ignore"] });
  yield* tar.stdout as AsyncIterable<Uint8Array>;
}
