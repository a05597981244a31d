import { blobConcurrency } from "../content/blob-concurrency.ts";
import { runAll } from "../content/run-all.ts";
import { imageName } from "../contract/image-reference.ts";
import { Retries } from "../contract/retries.ts";
import { algorithmOf, digestHasher } from "../names/digest.ts";
import { ImageError, isImageError } from "../names/image-error.ts";
import type { ReferencedBlob } from "./referenced-content.ts";
import type { BlobOutcome } from "./verify-event.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { differenceIn, problemOf } from "./verify-problem.ts";
import type { FoundBytes, ProblemSubject, VerifyProblem } from "./verify-problem.ts";

/** The outcome for one blob. */
export interface CheckedBlob {
  readonly named: ReferencedBlob;
  readonly outcome: BlobOutcome;
  /** Set if the outcome is `problem`. */
  readonly problem?: VerifyProblem | undefined;
}

/**
 * Verifies blobs: by the digest that the store has computed, else by reading them, the largest first. Returns the outcomes
 * in the order of the blobs.
 */
export async function checkBlobs(
  blobs: readonly ReferencedBlob[],
  options: VerifyOptions,
): Promise<readonly CheckedBlob[]> {
  const checked = new Map<ReferencedBlob, CheckedBlob>();
  const { signal: outerSignal, parallelBlobs, readAll } = options;
  const count = Math.min(blobs[0]?.source.offers.parallelBlobs ?? 1, parallelBlobs ?? Infinity);
  const check = async (
    named: ReferencedBlob,
    find: () => Promise<FoundBytes | undefined>,
    outcome: BlobOutcome,
  ): Promise<void> => {
    const result = await checkBlob(named, find, outcome);
    if (result === undefined) return;
    checked.set(named, result);
    const { problem } = result;
    if (problem !== undefined) options.onEvent?.({ kind: "problem", problem });
    options.onEvent?.({ kind: "blob-checked", blob: named.blob, outcome: result.outcome });
  };
  if (!readAll) {
    await runAll(blobs, { count }, outerSignal, (named, signal) =>
      check(named, async () => findStored(named, { ...options, signal }), "stored"),
    );
  }
  const unchecked = blobs.filter((blob) => !checked.has(blob));
  const bySize = unchecked.toSorted((a, b) => b.blob.size - a.blob.size);
  const limits = blobConcurrency(({ blob }: ReferencedBlob) => blob, count, parallelBlobs);
  await runAll(bySize, limits, outerSignal, (named, signal) =>
    check(named, async () => readWhole(named, { ...options, signal }), "read"),
  );
  return blobs.map((blob) => checked.get(blob)).filter((outcome) => outcome !== undefined);
}

/** Checks one blob. Returns undefined if `find` has no result. */
async function checkBlob(
  named: ReferencedBlob,
  find: () => Promise<FoundBytes | undefined>,
  outcome: BlobOutcome,
): Promise<CheckedBlob | undefined> {
  const subject = subjectOf(named);
  try {
    const found = await find();
    if (found === undefined) return undefined;
    const problem = differenceIn(subject, found);
    return { named, problem, outcome: problem === undefined ? outcome : "problem" };
  } catch (error) {
    if (named.mayBeExternal && isImageError(error, "not-found"))
      return { named, outcome: "external" };
    const problem = problemOf(subject, error);
    if (problem === undefined) throw error;
    return { named, problem, outcome: "problem" };
  }
}

async function findStored(
  { source, blob: { digest, size } }: ReferencedBlob,
  options: VerifyOptions,
): Promise<FoundBytes | undefined> {
  if (source.statBlob === undefined || source.offers.storedDigests !== true) return undefined;
  const stored = await source.statBlob({ digest, size }, options);
  if (stored === undefined) throw new ImageError("not-found", `${digest} is not stored`);
  return stored.digest && { digest: stored.digest, size: stored.size };
}

/** Reads a blob completely. Restarts after a temporary failure; sources resume interrupted connections themselves. */
async function readWhole(
  named: ReferencedBlob,
  { signal, retries = new Retries(), onNotice, onEvent }: VerifyOptions,
): Promise<FoundBytes> {
  const { blob, part } = named;
  onEvent?.({ kind: "blob-started", blob, isConfig: part === "config" });
  return retries.run(
    `verify ${blob.digest}`,
    async () => readOnce(named, { signal, retries, onNotice, onEvent }),
    { signal, onRestart: () => onEvent?.({ kind: "blob-restarted", digest: blob.digest }) },
  );
}

/** Reads a blob from the source, ignoring external URLs. Stops as soon as it is too large. */
async function readOnce(
  { source, blob: { digest, size, mediaType } }: ReferencedBlob,
  { onEvent, ...options }: VerifyOptions,
): Promise<FoundBytes> {
  const hasher = digestHasher(algorithmOf(digest));
  let read = 0;
  const bytes = source.getBlob({ digest, size, mediaType }, { ...options, reuseBuffers: true });
  for await (const chunk of bytes) {
    hasher.update(chunk);
    read += chunk.byteLength;
    onEvent?.({ kind: "blob-progress", digest, bytes: chunk.byteLength });
    if (read > size) break;
  }
  return { digest: hasher.digest(), size: read };
}

function subjectOf({ part, blob, source, namedBy }: ReferencedBlob): ProblemSubject {
  const { digest, size } = blob;
  const image = imageName(source.reference);
  return { part, digest, size, image, namedBy, location: source.locateBlob?.(blob) };
}
