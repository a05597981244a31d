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

/** All of an image, each part by the name that it will have. */
export interface StagedImage {
  readonly manifest: Uint8Array;
  /** Blobs and the manifests of instances. */
  readonly parts: ReadonlyMap<string, TemporaryFile>;
  readonly signatures: ReadonlyMap<string, Uint8Array>;
}

/**
 * Puts a staged image in the place of the one in a folder. The old one is whole until `manifest.json` is replaced, the
 * new one from then on; signatures follow, and what only the old one needed goes last.
 */
export async function commitImage(
  image: StagedImage,
  folder: string,
  stage: string,
  options: OperationOptions,
): Promise<void> {
  const file = (name: string): string => path.join(folder, name);
  const exchange = async (): Promise<void> => {
    await refuseOtherContent(folder, options);
    const [before, version] = [await versionIn(folder, options), versionOf(image)];
    const manifest = await writeTemporary(stage, streamOf(image.manifest), {});
    const signatures = await written(image.signatures, stage);
    options.signal?.throwIfAborted();
    const parts = new Map<string, TemporaryFile>();
    // First, so that the folder is known for an image directory at any moment.
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
  await withLock(file(lockName), exchange, options);
}

async function versionFile(version: DirectoryVersion, stage: string): Promise<TemporaryFile> {
  return writeTemporary(stage, streamOf(formatVersion(version)), {});
}

async function written(
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

/** Of the files that are an image's; what somebody else has put beside them stays. */
async function removeOthers(folder: string, needed: readonly string[]): Promise<void> {
  const kept = new Set([versionName, manifestName(), ...needed]);
  for (const name of await namesIn(folder))
    if (isImageFile(name) && !kept.has(name)) await rm(path.join(folder, name), { force: true });
}
