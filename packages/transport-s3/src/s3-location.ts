import { ImageError, parseDigest } from "@drayage/core";
import type { Digest, ImageReference } from "@drayage/core";
import { checkArchivedImage } from "@drayage/image-archive";
import { isSelectableName, parseSelector } from "@drayage/image-layout";
import type { ImageSelector } from "@drayage/image-layout";

/** A folder in a bucket. */
export interface S3Folder {
  readonly bucket: string;
  /** Without slashes around it; empty for the whole bucket. */
  readonly prefix: string;
}

/** Which image of which layout, or of which archive: then the prefix is its key. */
export interface S3Location extends S3Folder {
  /** Or `@N` for the image at that position; of an image in an archive its name there. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** A reference to an image in a bucket. */
export interface S3ImageReference extends ImageReference, S3Location {}

/**
 * `//BUCKET/PREFIX[:TAG|:@N][@DIGEST]`, or `//BUCKET/KEY.tar[:NAME|:@N]`, with `%3A` and the like for what would otherwise end a
 * prefix, a key or a tag. @throws ImageError `invalid-reference`
 */
export function parseS3Location(text: string): S3Location {
  const [, path = "", image = ""] =
    /^\/\/([^:@]*)(.*)$/s.exec(text) ?? refuse(text, "write s3://BUCKET/PREFIX:TAG");
  if (path.includes("?")) refuse(text, "in a prefix ? is written %3F");
  const folder = folderOf(text, path);
  if (!isArchive(folder)) return { ...folder, ...imageOf(text, image) };
  if (path.endsWith("/"))
    refuse(text, "an archive has no slash behind it, and a layout cannot be called like one");
  return { ...folder, tag: archivedImageOf(text, image), digest: undefined };
}

/** What `parseS3Location` reads back. */
export function formatS3Location({ bucket, prefix, tag, digest }: S3Location): string {
  const escaped = prefix.replaceAll(/[%:@?]/g, (character) => encodeURIComponent(character));
  const path = escaped === "" ? bucket : `${bucket}/${escaped}`;
  const image = tag === undefined || isArchive({ prefix }) ? tag : formatTag(tag);
  return `//${path}${image === undefined ? "" : `:${image}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** A name in a layout, or `@N`, as it is written behind a prefix. */
export function formatTag(tag: string): string {
  if (tag.startsWith("@")) return tag;
  return tag.replaceAll(/[%/:@?\s]/g, (character) => encodeURIComponent(character));
}

/** Whether it is a tar file, packed or not, by its name. */
export function isArchive({ prefix }: Pick<S3Folder, "prefix">): boolean {
  return /\.(?:tar(?:\.(?:gz|zst|xz|bz2))?|tgz)$/.test(prefix);
}

/** `s3://BUCKET/PREFIX` where nothing else can be meant. @throws ImageError `invalid-reference` */
export function parseS3Folder(url: string): S3Folder {
  const { bucket, prefix, tag, digest } = parseS3Location(url.replace(/^s3:/, ""));
  if (isArchive({ prefix })) refuse(url, "blobs are not kept in an archive");
  if (tag === undefined && digest === undefined) return { bucket, prefix };
  return refuse(url, "a place for blobs has neither a tag nor a digest");
}

/** The key of something in a folder. */
export function keyIn(folder: string, ...names: readonly string[]): string {
  return [...(folder === "" ? [] : [folder]), ...names].join("/");
}

/** `BUCKET/PREFIX`, then the folders above it and the bucket. */
export function scopesOf({ bucket, prefix }: S3Folder): readonly string[] {
  const segments = [bucket, ...(prefix === "" ? [] : prefix.split("/"))];
  return segments.map((_, at) => segments.slice(0, segments.length - at).join("/"));
}

/** Which image of its layout is read. */
export function selectorOf({ tag, digest }: Pick<S3Location, "tag" | "digest">): ImageSelector {
  if (digest !== undefined) return { kind: "digest", digest };
  return parseSelector(tag ?? "");
}

/** @throws ImageError `invalid-scope` */
export function validateS3Scope(scope: string): void {
  const [bucket = "", ...segments] = scope.split("/");
  const problem = bucketProblem(bucket) ?? prefixProblem(segments);
  if (problem === undefined) return;
  const message = `Not a scope of s3: ${JSON.stringify(scope)}: it is written BUCKET/PREFIX, and ${problem}`;
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
    refuse(text, "in a prefix and in a tag : is written %3A, and / in a tag %2F");
  return {
    tag: tag === undefined ? undefined : tagIn(text, tag),
    digest: digest === undefined ? undefined : digestIn(text, digest),
  };
}

function tagIn(text: string, tag: string): string {
  if (tag.startsWith("@")) return checkedSelector(tag);
  if (/\s/.test(tag)) refuse(text, "in a tag a space is written %20");
  const name = decodedOf(text, tag);
  if (isSelectableName(name)) return name;
  return refuse(text, `${JSON.stringify(tag)} is no tag`);
}

/** @throws ImageError `invalid-reference` for a position that is none */
function checkedSelector(tag: string): string {
  parseSelector(tag);
  return tag;
}

function archivedImageOf(text: string, image: string): string | undefined {
  if (image === "") return undefined;
  if (!image.startsWith(":")) refuse(text, "an image in an archive is called :NAME or :@N");
  checkArchivedImage(image.slice(1));
  return image.slice(1);
}

function decodedOf(text: string, segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return refuse(
      text,
      `${JSON.stringify(segment)} has a % in it that begins no escape; write %25`,
    );
  }
}

function digestIn(text: string, digest: string): Digest {
  try {
    return parseDigest(digest);
  } catch {
    return refuse(
      text,
      `an @ begins a digest, and ${JSON.stringify(digest)} is none; in a prefix write %40`,
    );
  }
}

/** The rules of AWS ("General purpose bucket naming rules"). */
function bucketProblem(bucket: string): string | undefined {
  if (bucket === "") return "it has no bucket";
  const isName = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/.test(bucket);
  if (isName && !/^\d+\.\d+\.\d+\.\d+$/.test(bucket)) return undefined;
  return `${JSON.stringify(bucket)} is no bucket: 3 to 63 lower-case letters, digits, dots and hyphens`;
}

/** Bytes: what S3 allows. */
const longestKey = 1024;
/** Without the longest that comes behind a prefix. */
const longestPrefix = longestKey - 150;

/** A prefix has to survive as folders: buckets are synchronised with disks. */
function prefixProblem(segments: readonly string[]): string | undefined {
  const odd = segments.find((segment) => /^\.{0,2}$|[/\p{Cc}]/u.test(segment));
  if (odd !== undefined) return `${JSON.stringify(odd)} cannot be a part of a prefix`;
  const prefix = segments.join("/");
  const longest = isArchive({ prefix }) ? longestKey : longestPrefix;
  return Buffer.byteLength(prefix) > longest ? "it is longer than a key can be" : undefined;
}

function refuse(text: string, why: string): never {
  throw new ImageError(
    "invalid-reference",
    `Not a reference to an image in a bucket: ${JSON.stringify(text)}: ${why}`,
  );
}
