import { digestOf } from "@drayage/core";
import type { Digest, ImageSource } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { tarFile } from "@drayage/test-support";
import type { TarFileMember } from "@drayage/test-support";
import type { WholeImage } from "@drayage/testkit";

/** An image in the older format of `docker save`: each layer in its own folder, `manifest.json` at the end. */
export interface SavedImage {
  readonly tags: readonly string[];
  readonly layers: readonly Uint8Array[];
}

/** An image with unique layers. */
export function savedImage(name: string, layers: number, layerSize: number): SavedImage {
  const contents = Array.from({ length: layers }, (_, at) =>
    Buffer.alloc(layerSize, `${name}, layer ${at}; `),
  );
  return { tags: [`${name}:1`], layers: contents };
}

export function dockerSave(...images: readonly SavedImage[]): Buffer {
  const written = images.map(({ tags, layers }) => {
    const digests = layers.map((layer) => digestOf(layer));
    const folders = digests.map((digest) => digest.slice(7));
    const config = JSON.stringify({ rootfs: { type: "layers", diff_ids: digests } });
    const name = `${digestOf(Buffer.from(config)).slice(7)}.json`;
    const members = layers.flatMap((content, at): readonly TarFileMember[] => [
      { name: `${folders[at]}/`, type: "5" },
      { name: `${folders[at]}/VERSION`, content: "1.0" },
      { name: `${folders[at]}/json`, content: JSON.stringify({ id: folders[at] }) },
      { name: `${folders[at]}/layer.tar`, content },
    ]);
    const Layers = folders.map((folder) => `${folder}/layer.tar`);
    return { members: [...members, { name, content: config }], Config: name, tags, Layers };
  });
  const manifest = written.map(({ Config, tags: RepoTags, Layers }) => ({
    Config,
    RepoTags,
    Layers,
  }));
  return tarFile([
    ...written.flatMap(({ members }) => members),
    { name: "manifest.json", content: JSON.stringify(manifest) },
    { name: "repositories", content: "{}" },
  ]);
}

/** An OCI image layout with this image, named `image`. */
export function ociArchive({ manifest, instances, blobs }: WholeImage): Buffer {
  const all = new Map<Digest, Uint8Array>(blobs);
  for (const { digest, bytes } of [...instances, manifest]) all.set(digest, bytes);
  const { mediaType, digest, bytes } = manifest;
  const annotations = { "org.opencontainers.image.ref.name": "image" };
  const entry = { mediaType, digest, size: bytes.byteLength, annotations };
  return tarFile([
    ...[...all].map(([blob, content]) => ({ name: `blobs/${blob.replace(":", "/")}`, content })),
    { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [entry] }) },
    { name: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
  ]);
}

export async function layersOf(source: ImageSource): Promise<readonly Digest[]> {
  const manifest = parseManifest(await source.getManifest());
  return manifest.kind === "image" ? manifest.layers.map(({ digest }) => digest) : [];
}
