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

/** What came of one blob. */
export interface CheckedBlob {
  readonly named: ReferencedBlob;
  readonly outcome: BlobOutcome;
  /** Where the outcome is `problem`. */
  readonly problem?: VerifyProblem | undefined;
}

/** Proves each blob: by the digest that the storage keeps, else by reading it; the largest first. In the order in which they are named. */
export async function checkBlobs(
  blobs: readonly ReferencedBlob[],
  options: VerifyOptions,
): Promise<readonly CheckedBlob[]> {
  const checked = new Map<ReferencedBlob, CheckedBlob>();
  const { signal: outer, parallelBlobs, readAll } = options;
  const count = Math.min(blobs[0]?.source.offers.parallelBlobs ?? 1, parallelBlobs ?? Infinity);
  const check = async (
    named: ReferencedBlob,
    found: () => Promise<FoundBytes | undefined>,
    outcome: BlobOutcome,
  ): Promise<void> => {
    const one = await checkBlob(named, found, outcome);
    if (one === undefined) return;
    checked.set(named, one);
    if (one.problem !== undefined) options.onEvent?.({ kind: "problem", problem: one.problem });
    options.onEvent?.({ kind: "blob-checked", blob: named.blob, outcome: one.outcome });
  };
  if (!readAll) {
    await runAll(blobs, { count }, outer, (named, signal) =>
      check(named, async () => findStored(named, { ...options, signal }), "stored"),
    );
  }
  const left = blobs.filter((one) => !checked.has(one));
  const largestFirst = left.toSorted((a, b) => b.blob.size - a.blob.size);
  const bounds = blobConcurrency(({ blob }: ReferencedBlob) => blob, count, parallelBlobs);
  await runAll(largestFirst, bounds, outer, (named, signal) =>
    check(named, async () => readWhole(named, { ...options, signal }), "read"),
  );
  return blobs.map((one) => checked.get(one)).filter((one) => one !== undefined);
}

/** undefined where nothing was found out. */
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

/** Again from its start where what failed may pass; sources go on by themselves where a connection breaks. */
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

/** Without the places elsewhere where a layer may be had. Of one that is too large no more than is needed to know. */
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
