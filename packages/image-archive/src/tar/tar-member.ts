import path from "node:path";

import type { ImageError } from "@drayage/core";

import { brokenArchive } from "./broken-archive.ts";
import { shown } from "./tar-header.ts";

/** Something in a tar file, and where its content lies. */
export interface TarMember {
  /** As `memberPath` writes it. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "link" | "other";
  /** Of links: where they lead, as it is written there. */
  readonly linkName: string;
  /** Of the header, and of what belongs to it. */
  readonly headerStart: number;
  readonly start: number;
  /** Bytes of content. */
  readonly size: number;
}

/** `./a//b` is `a/b`. @throws ImageError `invalid-manifest` for what is not inside the archive */
export function memberPath(name: string, place: string): string {
  const straight = path.posix.normalize(name).replace(/\/$/, "");
  const isInside = !straight.startsWith("/") && straight !== ".." && !straight.startsWith("../");
  if (isInside && name !== "" && !name.includes("\0")) return straight;
  throw brokenArchive(place, `it names ${shown(name)}, which does not lie inside it`);
}

/** The path that a link leads to. @throws ImageError `invalid-manifest` where that is outside */
export function linkTarget({ path: from, kind, linkName }: TarMember, place: string): string {
  const target =
    kind === "symlink" && !linkName.startsWith("/")
      ? path.posix.join(path.posix.dirname(from), linkName)
      : linkName;
  try {
    return memberPath(target, place);
  } catch (cause) {
    const why = `its link ${shown(from)} leads out of it, to ${shown(linkName)}`;
    throw brokenArchive(place, why, cause);
  }
}

export function notAFile({ path: member }: TarMember, place: string): ImageError {
  return brokenArchive(place, `${shown(member)} is needed and is no regular file`);
}
