import { ImageError } from "@drayage/core";
import type { NamedReference } from "@drayage/core";
import { formatNamedReference, parseNamedReference, withDefaultTag } from "@drayage/core/reference";

/** Selects an image of a docker archive. */
export type DockerArchiveSelector =
  | { readonly kind: "name"; readonly name: NamedReference }
  /** The index in `manifest.json`, from 0. */
  | { readonly kind: "position"; readonly position: number }
  /** The single image of the archive. */
  | { readonly kind: "only" };

/** Parses `NAME[:TAG]` or `@N`; undefined selects the single image. @throws ImageError `invalid-reference` */
export function parseDockerArchiveSelector(text: string | undefined): DockerArchiveSelector {
  if (text === undefined) return { kind: "only" };
  if (!text.startsWith("@")) return { kind: "name", name: parseArchivedName(text) };
  const position = Number(text.slice(1));
  if (/^@\d+$/.test(text) && Number.isSafeInteger(position)) return { kind: "position", position };
  throw invalid(text, "after the @ write the index of an image, from 0");
}

/**
 * Parses `NAME[:TAG]` and adds the defaults. @throws ImageError `invalid-reference` for names that a docker archive
 * cannot hold
 */
export function parseArchivedName(text: string): NamedReference {
  const name = parseNamedReference(text);
  if (name.digest === undefined) return withDefaultTag(name);
  throw invalid(text, "images in a docker archive have no digests; use NAME:TAG or @N");
}

/** Formats a selector for `parseDockerArchiveSelector`. */
export function formatDockerArchiveSelector(selector: DockerArchiveSelector): string | undefined {
  switch (selector.kind) {
    case "only":
      return undefined;
    case "position":
      return `@${selector.position}`;
    case "name":
      return formatNamedReference(selector.name);
  }
}

function invalid(text: string, why: string): ImageError {
  return new ImageError(
    "invalid-reference",
    `Invalid image of a docker archive: ${JSON.stringify(text)}: ${why}`,
  );
}
