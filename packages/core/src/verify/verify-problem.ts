import type { BlobLocation } from "../contract/blob-info.ts";
import type { Digest } from "../names/digest.ts";
import { isImageError } from "../names/image-error.ts";
import { singleLine } from "../text/printable.ts";

/** The bytes that a store has, in place of those that an image references. */
export interface FoundBytes {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** Something that is not as an image says: plain data. */
export interface VerifyProblem {
  readonly kind: "missing" | "wrong-size" | "wrong-digest" | "unreadable";
  readonly part: ImagePart;
  /** What should be there; undefined for a manifest that only a tag names. */
  readonly digest: Digest | undefined;
  /** Bytes that it should have, where that is known. */
  readonly size: number | undefined;
  /** What is there instead, as far as it was read. */
  readonly found: FoundBytes | undefined;
  /** An image that it belongs to. */
  readonly image: string;
  /** The manifests, by their digests, that name it. */
  readonly namedBy: readonly Digest[];
  /** Where it lies, or should; undefined where the source does not tell. */
  readonly location: BlobLocation | undefined;
  /** For people: what is wrong, and what to do about it. */
  readonly message: string;
}

/** What an image is made of. */
export type ImagePart =
  | "manifest"
  | "config"
  | "layer"
  /** What an index or an artifact names that is neither manifest nor layer. */
  | "blob";

/** What a problem is about. */
export type ProblemSubject = Omit<VerifyProblem, "kind" | "found" | "message">;

/** The bytes are not those of the digest, or not so many; undefined where all is well. */
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
  const message = singleLine(
    `${nameOf(subject)} has other bytes, of the digest ${found.digest}${remedy}`,
  );
  return { ...subject, kind: "wrong-digest", found, message };
}

/** The bytes are right, and the manifest that names them is not. */
function contradiction(subject: ProblemSubject, found: FoundBytes): VerifyProblem {
  const { size } = subject;
  const message = singleLine(
    `${nameOf(subject)} has ${found.size} bytes where ${size} are announced${where(subject)}: what names it is wrong; make the image anew`,
  );
  return { ...subject, kind: "wrong-size", found, message };
}

/**
 * The failure as a problem of the image; undefined where it says nothing of the image: the place could not be reached,
 * or what failed is no error of ours.
 */
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
  const by = first === undefined ? "" : `, named by ${first}${more},`;
  return `The ${part} ${digest === undefined ? "" : `${digest} `}of ${image}${by}`;
}

function where({ location }: ProblemSubject): string {
  const { description } = location ?? {};
  return description === undefined ? "" : ` (${description})`;
}
