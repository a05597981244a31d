import path from "node:path";

import type { ImageError } from "@drayage/core";

import { brokenArchive } from "./broken-archive.ts";
import { quoted } from "./tar-header.ts";

/** A member of a tar file and the offset of its content. */
export interface TarMember {
  /** Normalized by `memberPath`. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "link" | "other";
  /** The link target as written in the header. */
  readonly linkName: string;
  /** The offset of the first header of the member, including extended headers. */
  readonly headerStart: number;
  readonly start: number;
  /** The content size in bytes. */
  readonly size: number;
}

/**
 * Normalizes a member name: `./a//b` becomes `a/b`. @throws ImageError `invalid-manifest` if the path is not inside
 * the archive
 */
export function memberPath(name: string, location: string): string {
  const normalized = path.posix.normalize(name).replace(/\/$/, "");
  const isInside =
    !normalized.startsWith("/") && normalized !== ".." && !normalized.startsWith("../");
  if (isInside && name !== "" && !name.includes("\0")) return normalized;
  throw brokenArchive(location, `the member name ${quoted(name)} is not inside it`);
}

/** The path of a link target. @throws ImageError `invalid-manifest` if it is outside the archive */
export function linkTarget({ path: from, kind, linkName }: TarMember, location: string): string {
  const target =
    kind === "symlink" && !linkName.startsWith("/")
      ? path.posix.join(path.posix.dirname(from), linkName)
      : linkName;
  try {
    return memberPath(target, location);
  } catch (cause) {
    const why = `its link ${quoted(from)} points outside, to ${quoted(linkName)}`;
    throw brokenArchive(location, why, cause);
  }
}

export function notAFile({ path: member }: TarMember, location: string): ImageError {
  return brokenArchive(location, `${quoted(member)} is not a regular file`);
}
