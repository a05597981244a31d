import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, posix } from "node:path";

import type { Platform } from "@drayage/core";
import type { LayerCompression } from "@drayage/core/manifest";

import { assembledImage, created } from "./assembled-image.ts";
import type { AssembledImage, ImageFormat, UncompressedLayer } from "./assembled-image.ts";
import { layerTar } from "./layer-tar.ts";
import type { LayerEntry } from "./layer-tar.ts";

/** A file of an image. Missing parent folders are created. */
export type ImageFile =
  | { readonly path: string; readonly content: string | Uint8Array; readonly mode?: number }
  /** A symbolic link. */
  | { readonly path: string; readonly target: string }
  /** A file of this machine, or a folder with its content. Modes and links are kept. */
  | { readonly path: string; readonly from: string };

/** Properties of the image besides its files. */
export interface ImageFromFilesOptions {
  /** The default is `oci`. */
  readonly format?: ImageFormat | undefined;
  /** The default is `linux/amd64`. */
  readonly platform?: Platform | undefined;
  /** The default is gzip. The bytes are stored without being compressed. */
  readonly compression?: LayerCompression | undefined;
  /** Fields of the config: `Entrypoint`, `Cmd`, `Env`, `WorkingDir`, `Labels` (OCI image-spec, config.md). */
  readonly execution?: Readonly<Record<string, unknown>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * Builds an image with one layer for each list of files, the base layer first. The same files give the same image,
 * because times and owners are ignored. The image is in memory.
 */
export async function imageFromFiles(
  layers: readonly (readonly ImageFile[])[],
  options: ImageFromFilesOptions = {},
): Promise<AssembledImage> {
  const { compression = "gzip", annotations } = options;
  const uncompressed: UncompressedLayer[] = [];
  for (const files of layers) {
    const entries = (await Promise.all(files.map(entriesOf))).flat();
    uncompressed.push({ tar: await layerTar(withFolders(entries), created), compression });
  }
  return assembledImage({
    format: options.format ?? "oci",
    platform: options.platform ?? { os: "linux", architecture: "amd64" },
    layers: uncompressed,
    execution: options.execution ?? {},
    manifestFields: { annotations },
  });
}

async function entriesOf(file: ImageFile): Promise<readonly LayerEntry[]> {
  const path = posix.normalize(file.path).replace(/^\/+/, "");
  if ("from" in file) return entriesOnDisk(path, file.from);
  if ("target" in file) return [{ kind: "symlink", path, target: file.target }];
  return [{ kind: "file", path, content: Buffer.from(file.content), mode: file.mode }];
}

async function entriesOnDisk(path: string, from: string): Promise<readonly LayerEntry[]> {
  const facts = await lstat(from);
  const mode = facts.mode & 0o7777;
  if (facts.isSymbolicLink()) return [{ kind: "symlink", path, target: await readlink(from) }];
  if (!facts.isDirectory()) return [{ kind: "file", path, content: await readFile(from), mode }];
  const names = (await readdir(from)).toSorted();
  const inner = names.map((name) => entriesOnDisk(posix.join(path, name), join(from, name)));
  return [{ kind: "directory", path, mode }, ...(await Promise.all(inner)).flat()];
}

/** Inserts missing folders before their content. */
function withFolders(entries: readonly LayerEntry[]): readonly LayerEntry[] {
  const known = new Set(entries.map(({ path }) => path));
  return entries.flatMap((entry) => {
    const missing = foldersAbove(entry.path).filter((path) => !known.has(path));
    for (const path of missing) known.add(path);
    return [...missing.map((path) => ({ kind: "directory" as const, path })), entry];
  });
}

/** The outermost first. */
function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}
