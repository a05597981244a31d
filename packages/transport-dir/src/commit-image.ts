import { rm } from "node:fs/promises";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import {
  lockName,
  publish,
  replaceFile,
  syncFolder,
  withLock,
  writeTemporary,
} from "@drayage/transport-kit/files";
import type { TemporaryFile } from "@drayage/transport-kit/files";

import { isImageFile, manifestName, versionName } from "./directory-names.ts";
import { formatVersion, namesIn, refuseOtherContent, versionIn } from "./directory-version.ts";
import type { DirectoryVersion } from "./directory-version.ts";

/** A complete image. Each part is keyed by its final file name. */
export interface StagedImage {
  readonly manifest: Uint8Array;
  /** Blobs and the manifests of instances. */
  readonly parts: ReadonlyMap<string, TemporaryFile>;
  readonly signatures: ReadonlyMap<string, Uint8Array>;
}

/**
 * Replaces the image in a folder by a staged one. The old image is complete until `manifest.json` is replaced, the new
 * one from then on. Signatures are moved next; files that only the old image needed are deleted last.
 */
export async function commitImage(
  image: StagedImage,
  folder: string,
  stage: string,
  options: OperationOptions,
): Promise<void> {
  const file = (name: string): string => path.join(folder, name);
  const replaceImage = async (): Promise<void> => {
    await refuseOtherContent(folder, options);
    const [before, version] = [await versionIn(folder, options), versionOf(image)];
    const manifest = await writeTemporary(stage, streamOf(image.manifest), {});
    const signatures = await writeTemporaries(image.signatures, stage);
    options.signal?.throwIfAborted();
    const parts = new Map<string, TemporaryFile>();
    // First, so the folder is an image directory at any time.
    if (before === undefined) parts.set(file(versionName), await versionFile(version, stage));
    else if (before < version) await replaceFile(file(versionName), formatVersion(version));
    for (const [name, part] of image.parts) parts.set(file(name), part);
    await publish(parts, () => manifest.moveTo(file(manifestName())));
    for (const [name, signature] of signatures) await signature.moveTo(file(name));
    await removeOthers(folder, [...image.parts.keys(), ...signatures.keys()]);
    if (before !== undefined && before > version)
      await replaceFile(file(versionName), formatVersion(version));
    await syncFolder(folder);
  };
  await withLock(file(lockName), replaceImage, options);
}

async function versionFile(version: DirectoryVersion, stage: string): Promise<TemporaryFile> {
  return writeTemporary(stage, streamOf(formatVersion(version)), {});
}

async function writeTemporaries(
  contents: ReadonlyMap<string, Uint8Array>,
  stage: string,
): Promise<ReadonlyMap<string, TemporaryFile>> {
  const files = new Map<string, TemporaryFile>();
  for (const [name, content] of contents)
    files.set(name, await writeTemporary(stage, streamOf(content), {}));
  return files;
}

function versionOf({ parts, signatures }: StagedImage): DirectoryVersion {
  const names = [...parts.keys(), ...signatures.keys()];
  return names.some((name) => /^sha(?:384|512)-/.test(name)) ? "1.2" : "1.1";
}

/** Removes the other files of images. Keeps files that do not belong to an image. */
async function removeOthers(folder: string, needed: readonly string[]): Promise<void> {
  const kept = new Set([versionName, manifestName(), ...needed]);
  for (const name of await namesIn(folder))
    if (isImageFile(name) && !kept.has(name)) await rm(path.join(folder, name), { force: true });
}
