import { ImageError, parseDigest } from "@drayage/core";
import type { Digest, ImageReference } from "@drayage/core";
import { checkArchivedImage } from "@drayage/image-archive";
import { isSelectableName, parseSelector } from "@drayage/image-layout";
import type { ImageSelector } from "@drayage/image-layout";

/** A folder in a bucket. */
export interface S3Folder {
  readonly bucket: string;
  /** Without leading and trailing slashes; empty for the whole bucket. */
  readonly prefix: string;
}

/** An image in a layout, or in an archive whose key is the prefix. */
export interface S3Location extends S3Folder {
  /** The tag, or `@N` for the image at that position. For an archive, the name of the image in it. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** A reference to an image in a bucket. */
export interface S3ImageReference extends ImageReference, S3Location {}

/**
 * Parses `//BUCKET/PREFIX[:TAG|:@N][@DIGEST]` or `//BUCKET/KEY.tar[:NAME|:@N]`. Special characters in a prefix, key or tag
 * are percent-encoded. @throws ImageError `invalid-reference`
 */
export function parseS3Location(text: string): S3Location {
  const [, path = "", image = ""] =
    /^\/\/([^:@]*)(.*)$/s.exec(text) ?? refuse(text, "write s3://BUCKET/PREFIX:TAG");
  if (path.includes("?")) refuse(text, "write ? in a prefix as %3F");
  const folder = folderOf(text, path);
  if (!isArchive(folder)) return { ...folder, ...imageOf(text, image) };
  if (path.endsWith("/"))
    refuse(text, "remove the slash after the archive; a layout cannot have the name of an archive");
  return { ...folder, tag: archivedImageOf(text, image), digest: undefined };
}

/** Formats a location for `parseS3Location`. */
export function formatS3Location({ bucket, prefix, tag, digest }: S3Location): string {
  const escaped = prefix.replaceAll(/[%:@?]/g, (character) => encodeURIComponent(character));
  const path = escaped === "" ? bucket : `${bucket}/${escaped}`;
  const image = tag === undefined || isArchive({ prefix }) ? tag : formatTag(tag);
  return `//${path}${image === undefined ? "" : `:${image}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** Encodes a tag, or `@N`, as it follows a prefix. */
export function formatTag(tag: string): string {
  if (tag.startsWith("@")) return tag;
  return tag.replaceAll(/[%/:@?\s]/g, (character) => encodeURIComponent(character));
}

/** Whether the key is that of a tar file, compressed or not. */
export function isArchive({ prefix }: Pick<S3Folder, "prefix">): boolean {
  return /\.(?:tar(?:\.(?:gz|zst|xz|bz2))?|tgz)$/.test(prefix);
}

/** Parses `s3://BUCKET/PREFIX` without a tag or digest. @throws ImageError `invalid-reference` */
export function parseS3Folder(url: string): S3Folder {
  const { bucket, prefix, tag, digest } = parseS3Location(url.replace(/^s3:/, ""));
  if (isArchive({ prefix })) refuse(url, "blobs cannot be stored in an archive");
  if (tag === undefined && digest === undefined) return { bucket, prefix };
  return refuse(url, "a folder for blobs has neither a tag nor a digest");
}

/** Joins a folder and names to a key. */
export function keyIn(folder: string, ...names: readonly string[]): string {
  return [...(folder === "" ? [] : [folder]), ...names].join("/");
}

/** `BUCKET/PREFIX`, its parent folders and the bucket. */
export function scopesOf({ bucket, prefix }: S3Folder): readonly string[] {
  const segments = [bucket, ...(prefix === "" ? [] : prefix.split("/"))];
  return segments.map((_, index) => segments.slice(0, segments.length - index).join("/"));
}

/** The selector of the image in its layout. */
export function selectorOf({ tag, digest }: Pick<S3Location, "tag" | "digest">): ImageSelector {
  if (digest !== undefined) return { kind: "digest", digest };
  return parseSelector(tag ?? "");
}

/** @throws ImageError `invalid-scope` */
export function validateS3Scope(scope: string): void {
  const [bucket = "", ...segments] = scope.split("/");
  const problem = bucketProblem(bucket) ?? prefixProblem(segments);
  if (problem === undefined) return;
  const message = `Invalid scope of s3: ${JSON.stringify(scope)}: ${problem}; write BUCKET/PREFIX`;
  throw new ImageError("invalid-scope", message);
}

function folderOf(text: string, path: string): S3Folder {
  const [bucket = "", ...segments] = path.split("/");
  // `PREFIX/` is the layout itself.
  if (segments.at(-1) === "") segments.pop();
  const decoded = segments.map((segment) => decodedOf(text, segment));
  const problem = bucketProblem(bucket) ?? prefixProblem(decoded);
  if (problem !== undefined) refuse(text, problem);
  return { bucket, prefix: decoded.join("/") };
}

function imageOf(text: string, image: string): Pick<S3Location, "tag" | "digest"> {
  const [, tag, digest] =
    /^(?::(@\d+|[^/:@]*))?(?:@(.*))?$/s.exec(image) ??
    refuse(text, "write : in a prefix or tag as %3A, and / in a tag as %2F");
  return {
    tag: tag === undefined ? undefined : tagIn(text, tag),
    digest: digest === undefined ? undefined : digestIn(text, digest),
  };
}

function tagIn(text: string, tag: string): string {
  if (tag.startsWith("@")) return checkedSelector(tag);
  if (/\s/.test(tag)) refuse(text, "write a space in a tag as %20");
  const name = decodedOf(text, tag);
  if (isSelectableName(name)) return name;
  return refuse(text, `${JSON.stringify(tag)} is not a valid tag`);
}

/** @throws ImageError `invalid-reference` for an invalid position */
function checkedSelector(tag: string): string {
  parseSelector(tag);
  return tag;
}

function archivedImageOf(text: string, image: string): string | undefined {
  if (image === "") return undefined;
  if (!image.startsWith(":")) refuse(text, "select an image in an archive with :NAME or :@N");
  checkArchivedImage(image.slice(1));
  return image.slice(1);
}

function decodedOf(text: string, segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return refuse(
      text,
      `${JSON.stringify(segment)} contains a % without two hex digits; write %25`,
    );
  }
}

function digestIn(text: string, digest: string): Digest {
  try {
    return parseDigest(digest);
  } catch {
    return refuse(
      text,
      `@ must be followed by a digest, and ${JSON.stringify(digest)} is not one; write @ in a prefix as %40`,
    );
  }
}

/** The rules of AWS ("General purpose bucket naming rules"). */
function bucketProblem(bucket: string): string | undefined {
  if (bucket === "") return "it has no bucket";
  const isName = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/.test(bucket);
  if (isName && !/^\d+\.\d+\.\d+\.\d+$/.test(bucket)) return undefined;
  return `${JSON.stringify(bucket)} is not a valid bucket; use 3 to 63 lower-case letters, digits, dots and hyphens`;
}

/** Bytes: the limit of S3. */
const maxKeyLength = 1024;
/** Bytes: leaves room for the keys of blobs. */
const maxPrefixLength = maxKeyLength - 150;

/** Rejects prefixes that are not valid folders, because buckets are synchronised with disks. */
function prefixProblem(segments: readonly string[]): string | undefined {
  const invalid = segments.find((segment) => /^\.{0,2}$|[/\p{Cc}]/u.test(segment));
  if (invalid !== undefined) return `${JSON.stringify(invalid)} cannot be part of a prefix`;
  const prefix = segments.join("/");
  const maxLength = isArchive({ prefix }) ? maxKeyLength : maxPrefixLength;
  return Buffer.byteLength(prefix) > maxLength ? "it is longer than a key of S3 may be" : undefined;
}

function refuse(text: string, reason: string): never {
  throw new ImageError(
    "invalid-reference",
    `Invalid image in a bucket: ${JSON.stringify(text)}: ${reason}`,
  );
}
