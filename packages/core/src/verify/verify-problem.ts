import type { BlobLocation } from "../contract/blob-info.ts";
import type { Digest } from "../names/digest.ts";
import { isImageError } from "../names/image-error.ts";
import { singleLine } from "../text/printable.ts";

/** The digest and size of the bytes that a store has. */
export interface FoundBytes {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** A part of an image that is missing or wrong, as plain data. */
export interface VerifyProblem {
  readonly kind: "missing" | "wrong-size" | "wrong-digest" | "unreadable";
  readonly part: ImagePart;
  /** The expected digest; undefined for a manifest that only a tag references. */
  readonly digest: Digest | undefined;
  /** The expected size in bytes, if known. */
  readonly size: number | undefined;
  /** The actual digest and size, as far as the part was read. */
  readonly found: FoundBytes | undefined;
  /** An image that contains the part. */
  readonly image: string;
  /** The digests of the manifests that reference the part. */
  readonly namedBy: readonly Digest[];
  /** The location of the part; undefined if the source does not report it. */
  readonly location: BlobLocation | undefined;
  /** The problem and its solution, for people. */
  readonly message: string;
}

/** A kind of content in an image. */
export type ImagePart =
  | "manifest"
  | "config"
  | "layer"
  /** A blob of an index or an artifact manifest. */
  | "blob";

/** The part that a problem concerns. */
export type ProblemSubject = Omit<VerifyProblem, "kind" | "found" | "message">;

/** The problem of bytes with a wrong digest or size; undefined if they match. */
export function differenceIn(
  subject: ProblemSubject,
  found: FoundBytes,
): VerifyProblem | undefined {
  const { digest, size } = subject;
  const remedy = `${where(subject)}: delete it there, and copy the image again with the option "repair"`;
  if (size !== undefined && found.size !== size) {
    if (found.digest === digest) return contradiction(subject, found);
    const amount = found.size < size ? `only ${found.size}` : `${found.size} or more`;
    const message = singleLine(
      `${nameOf(subject)} should have ${size} bytes and has ${amount}${remedy}`,
    );
    return { ...subject, kind: "wrong-size", found, message };
  }
  if (digest === undefined || found.digest === digest) return undefined;
  const message = singleLine(`${nameOf(subject)} has the wrong digest ${found.digest}${remedy}`);
  return { ...subject, kind: "wrong-digest", found, message };
}

/** The problem of a manifest that references correct bytes with a wrong size. */
function contradiction(subject: ProblemSubject, found: FoundBytes): VerifyProblem {
  const { size } = subject;
  const message = singleLine(
    `${nameOf(subject)} has ${found.size} bytes, but is referenced with ${size}${where(subject)}: the reference is wrong; rebuild the image`,
  );
  return { ...subject, kind: "wrong-size", found, message };
}

/** Converts an error to a problem of the image; undefined if the error is retryable or not an `ImageError`. */
export function problemOf(subject: ProblemSubject, failure: unknown): VerifyProblem | undefined {
  if (!isImageError(failure) || failure.retryable) return undefined;
  const { code, message: why } = failure;
  if (code === "not-found") {
    const message = singleLine(
      `${nameOf(subject)} is missing${where(subject)}: copy the image there again with the option "repair"`,
    );
    return { ...subject, kind: "missing", found: undefined, message };
  }
  const kind = code === "digest-mismatch" ? "wrong-digest" : "unreadable";
  const message = singleLine(`${nameOf(subject)} cannot be verified${where(subject)}: ${why}`);
  return { ...subject, kind, found: undefined, message };
}

function nameOf({ part, digest, image, namedBy }: ProblemSubject): string {
  const [first, ...others] = namedBy;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const by = first === undefined ? "" : `, referenced by ${first}${more},`;
  return `The ${part} ${digest === undefined ? "" : `${digest} `}of ${image}${by}`;
}

function where({ location }: ProblemSubject): string {
  const { description } = location ?? {};
  return description === undefined ? "" : ` (${description})`;
}
