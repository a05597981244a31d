import {
  formatNamedReference,
  ImageError,
  parseNamedReference,
  withDefaultTag,
} from "@drayage/core";
import type { NamedReference } from "@drayage/core";

/** Which image of a docker archive is meant. */
export type DockerArchiveSelector =
  | { readonly kind: "name"; readonly name: NamedReference }
  /** Its position in `manifest.json`, from 0. */
  | { readonly kind: "position"; readonly position: number }
  /** The only one there is. */
  | { readonly kind: "only" };

/** Reads `NAME[:TAG]` or `@N`; undefined is the only one. @throws ImageError `invalid-reference` */
export function parseDockerArchiveSelector(text: string | undefined): DockerArchiveSelector {
  if (text === undefined) return { kind: "only" };
  if (!text.startsWith("@")) return { kind: "name", name: parseArchivedName(text) };
  const position = Number(text.slice(1));
  if (/^@\d+$/.test(text) && Number.isSafeInteger(position)) return { kind: "position", position };
  throw invalid(text, "behind an @ stands the position of an image, from 0");
}

/** `NAME[:TAG]` in full. @throws ImageError `invalid-reference` for what no image in a docker archive is called */
export function parseArchivedName(text: string): NamedReference {
  const name = parseNamedReference(text);
  if (name.digest === undefined) return withDefaultTag(name);
  throw invalid(text, "images in a docker archive have names and tags, and no digests");
}

/** What `parseDockerArchiveSelector` reads back. */
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
