import { readdir } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import {
  hasCode,
  isTemporaryName,
  withFileErrors,
  readSmallFile,
} from "@drayage/transport-kit/files";

import { versionName } from "./directory-names.ts";

/** 1.1, or 1.2 if the image has digests of another algorithm than sha256. */
export type DirectoryVersion = "1.1" | "1.2";

export function formatVersion(version: DirectoryVersion): Uint8Array {
  return Buffer.from(`Directory Transport Version: ${version}\n`);
}

/**
 * The version of an image directory; undefined without a file `version`, as in old directories.
 * @throws ImageError `unsupported` for a newer version or an invalid file
 */
export async function versionIn(
  folder: string,
  options: OperationOptions = {},
): Promise<string | undefined> {
  const content = await readSmallFile(path.join(folder, versionName), maxManifestSize, options);
  if (content === undefined) return undefined;
  const text = new TextDecoder().decode(content);
  const [, major, minor] = /^Directory Transport Version: (\d+)\.(\d+)\n$/.exec(text) ?? [];
  if (major === undefined || minor === undefined)
    throw unsupported(folder, `its file ${versionName} contains no version`);
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) > 2))
    throw unsupported(
      folder,
      `it has version ${major}.${minor}, and 1.2 is the latest supported one`,
    );
  return `${Number(major)}.${Number(minor)}`;
}

/**
 * Accepts a folder that is absent, is an image directory, or contains only temporary files.
 * @throws ImageError `conflict` for any other folder
 */
export async function refuseOtherContent(
  folder: string,
  options: OperationOptions = {},
): Promise<void> {
  const names = (await namesIn(folder)).filter((name) => !isTemporaryName(name));
  const [foreign] = names;
  if (foreign === undefined) return;
  if (!names.includes(versionName))
    throw notAnImageDirectory(folder, `it contains ${foreign} and no file named ${versionName}`);
  await versionIn(folder, options).catch((cause: unknown) => {
    throw notAnImageDirectory(
      folder,
      cause instanceof Error ? cause.message : "it cannot be read",
      cause,
    );
  });
}

/** The names in a folder; none if it is absent. @throws ImageError `conflict` for a file */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await withFileErrors(folder, () => readdir(folder));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    if (hasCode(error, "ENOTDIR")) throw notAnImageDirectory(folder, "it is a file", error);
    throw error;
  }
}

function unsupported(folder: string, reason: string): ImageError {
  return new ImageError("unsupported", `Cannot read ${folder} as an image directory: ${reason}`);
}

function notAnImageDirectory(folder: string, reason: string, cause?: unknown): ImageError {
  return new ImageError(
    "conflict",
    `${folder} is not an image directory (${reason}). Nothing was changed; choose another folder`,
    { cause },
  );
}
