import { ImageError, isDigest } from "@drayage/core";
import type { Digest } from "@drayage/core";

/** Selects an image of a layout. */
export type ImageSelector =
  | { readonly kind: "name"; readonly name: string }
  /** The position of the entry in `index.json`, from 0. */
  | { readonly kind: "position"; readonly position: number }
  /** In `index.json` or in an index that it references. */
  | { readonly kind: "digest"; readonly digest: Digest }
  /** The only image of the layout. */
  | { readonly kind: "only" };

const component = "[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*";
const imageName = new RegExp(`^${component}(?:/${component})*$`);

/** Whether the specification allows this name (OCI image-spec, annotations.md, `org.opencontainers.image.ref.name`). */
export function isImageName(text: string): boolean {
  return imageName.test(text);
}

const writableName = /^\w[\w.:@+-]*(?:\/\w[\w.:@+-]*)*$/;

/**
 * Whether images are written under this name: the names of the specification, and tags and repository names such as
 * `v1.0__rc` and `_x`, which oras and others also write into layouts.
 */
function isWritableName(text: string): boolean {
  return text.length <= maxNameLength && writableName.test(text);
}

/** Whether this text after the colon of a reference selects an image by name. */
export function isSelectableName(text: string): boolean {
  return text !== "" && !text.startsWith("@") && !/\p{Cc}/u.test(text);
}

/** UTF-16 units. */
const maxNameLength = 4096;

/**
 * Splits `PATH`, `PATH:NAME` or `PATH:@N` at the first colon. On Windows, it skips the colon after a drive letter.
 * @throws ImageError `invalid-reference`
 */
export function parseLayoutPath(
  text: string,
  platform: NodeJS.Platform = process.platform,
): { readonly path: string; readonly selector: ImageSelector } {
  const drive = platform === "win32" && /^[A-Za-z]:[\\/]/.test(text) ? 2 : 0;
  const colon = text.indexOf(":", drive);
  const path = colon < 0 ? text : text.slice(0, colon);
  if (path === "") throw invalid(text, "it has no path; write PATH:NAME");
  return { path, selector: parseSelector(colon < 0 ? "" : text.slice(colon + 1)) };
}

/**
 * Parses `NAME`, `@N`, `@DIGEST`, or an empty text for the only image. Accepts every name that other tools write;
 * `nameToWrite` is stricter.
 * @throws ImageError `invalid-reference`
 */
export function parseSelector(text: string): ImageSelector {
  if (text === "") return { kind: "only" };
  if (text.startsWith("@")) {
    const position = Number(text.slice(1));
    const isPosition = /^@\d+$/.test(text) && Number.isSafeInteger(position);
    if (isPosition) return { kind: "position", position };
    const digest = text.slice(1);
    if (isDigest(digest)) return { kind: "digest", digest };
    throw invalid(text, "write @ and the position of an image, from 0, or @ and its digest");
  }
  if (isSelectableName(text)) return { kind: "name", name: text };
  throw invalid(text, "the name of an image cannot contain control characters");
}

/** The text after the colon of a reference. */
export function formatSelector(selector: ImageSelector): string {
  switch (selector.kind) {
    case "name":
      return selector.name;
    case "position":
      return `@${selector.position}`;
    case "digest":
      return `@${selector.digest}`;
    case "only":
      return "";
  }
}

/**
 * The name to write an image under; undefined for none.
 * @throws ImageError `invalid-reference` for a position, a digest, and a name that must not be written
 */
export function nameToWrite(selector: ImageSelector): string | undefined {
  if (selector.kind === "position" || selector.kind === "digest") {
    throw new ImageError(
      "invalid-reference",
      `${formatSelector(selector)} only selects an image to read; pass a name to write one`,
    );
  }
  if (selector.kind === "only") return undefined;
  if (isWritableName(selector.name)) return selector.name;
  throw invalid(
    selector.name,
    "a new name consists of letters, digits and _, after the first character also . - : @ +; / separates components",
  );
}

function invalid(text: string, reason: string): ImageError {
  return new ImageError("invalid-reference", `Invalid image ${JSON.stringify(text)}: ${reason}`);
}
