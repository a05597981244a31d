import { readdir } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import { hasCode, isPassing, onDisk, readSmallFile } from "@drayage/transport-kit/files";

import { versionName } from "./directory-names.ts";

/** 1.1, or 1.2 where a digest other than sha256 is used. */
export type DirectoryVersion = "1.1" | "1.2";

export function formatVersion(version: DirectoryVersion): Uint8Array {
  return Buffer.from(`Directory Transport Version: ${version}\n`);
}

/**
 * The version of an image directory; undefined where it does not say, as those of old did not.
 * @throws ImageError `unsupported` for one that is newer or cannot be read
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
    throw unsupported(folder, `its file ${versionName} does not say which`);
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) > 2))
    throw unsupported(folder, `it has version ${major}.${minor}, and 1.2 is the newest known here`);
  return `${Number(major)}.${Number(minor)}`;
}

/**
 * Lets pass a folder that is not there, is empty but for temporaries, or is an image directory.
 * @throws ImageError `conflict` for any other
 */
export async function refuseOtherContent(
  folder: string,
  options: OperationOptions = {},
): Promise<void> {
  const names = (await namesIn(folder)).filter((name) => !isPassing(name));
  const [foreign] = names;
  if (foreign === undefined) return;
  if (!names.includes(versionName))
    throw notOurs(folder, `it holds ${foreign} and no file named ${versionName}`);
  await versionIn(folder, options).catch((cause: unknown) => {
    throw notOurs(folder, cause instanceof Error ? cause.message : "it cannot be read", cause);
  });
}

/** The names in a folder; none where it is not there. @throws ImageError `conflict` for a file */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await onDisk(folder, () => readdir(folder));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    if (hasCode(error, "ENOTDIR")) throw notOurs(folder, "it is a file", error);
    throw error;
  }
}

function unsupported(folder: string, why: string): ImageError {
  return new ImageError("unsupported", `${folder} is no image directory that can be read: ${why}`);
}

function notOurs(folder: string, why: string, cause?: unknown): ImageError {
  return new ImageError(
    "conflict",
    `${folder} is not an image directory (${why}); nothing in it was changed, choose another place`,
    { cause },
  );
}
