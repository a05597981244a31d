import { ImageError, isDigest } from "@drayage/core";
import type { Digest } from "@drayage/core";

/** Which image of a layout is meant. */
export type ImageSelector =
  | { readonly kind: "name"; readonly name: string }
  /** The position of its entry in `index.json`, from 0. */
  | { readonly kind: "position"; readonly position: number }
  /** In `index.json` or in an index that it names. */
  | { readonly kind: "digest"; readonly digest: Digest }
  /** The only one there is. */
  | { readonly kind: "only" };

const component = "[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*";
const imageName = new RegExp(`^${component}(?:/${component})*$`);

/** Whether an image may have this name in a layout (OCI image-spec, annotations.md, "org.opencontainers.image.ref.name"). */
export function isImageName(text: string): boolean {
  return imageName.test(text);
}

const writableName = /^\w[\w.:@+-]*(?:\/\w[\w.:@+-]*)*$/;

/**
 * Whether an image gets this name here: what the specification allows, and what registries take for a tag or a name, as
 * `v1.0__rc` and `_x`, which oras and others write into layouts too.
 */
function isWritableName(text: string): boolean {
  return text.length <= maxNameLength && writableName.test(text);
}

/** Whether the text behind the colon of a reference is read as this name. */
export function isSelectableName(text: string): boolean {
  return text !== "" && !text.startsWith("@") && !/\p{Cc}/u.test(text);
}

/** UTF-16 units. */
const maxNameLength = 4096;

/**
 * Splits `PATH`, `PATH:NAME` or `PATH:@N` at the first colon; on Windows not at that of a drive.
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
 * Reads `NAME`, `@N`, `@DIGEST`, or nothing for the only one. A name is whatever a layout may have, as other tools write
 * it; which names are written is another question.
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
    throw invalid(text, "an @ is followed by the position of an image, from 0, or by its digest");
  }
  if (isSelectableName(text)) return { kind: "name", name: text };
  throw invalid(text, "the name of an image has no control characters");
}

/** What stands after the colon. */
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

/** The name to store an image under, or undefined for none. @throws ImageError `invalid-reference` for a position, a digest, and a name that is not written */
export function nameToWrite(selector: ImageSelector): string | undefined {
  if (selector.kind === "position" || selector.kind === "digest") {
    throw new ImageError(
      "invalid-reference",
      `${formatSelector(selector)} says which image is read; to write one, give it a name`,
    );
  }
  if (selector.kind === "only") return undefined;
  if (isWritableName(selector.name)) return selector.name;
  throw invalid(
    selector.name,
    "a new name has letters, digits and _, and after the first one also . - : @ +; a / separates such names",
  );
}

function invalid(text: string, why: string): ImageError {
  return new ImageError("invalid-reference", `Invalid image ${JSON.stringify(text)}: ${why}`);
}
