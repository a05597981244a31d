import { ImageError, isImageError, Retries } from "@drayage/core";
import type { BlobInfo, GetBlobOptions, OperationOptions } from "@drayage/core";

import { downloadBlob } from "../blobs/blob-download.ts";
import { RegistryError } from "../http/registry-error.ts";
import type { Repository } from "./repository.ts";

/** The repositories in which the same image may be found: mirrors, in their order, and last its own. */
export type Places = readonly Repository[];

/** What is told of a place that has it, and which one that was. @throws what its own repository throws */
export async function firstOf<Value>(
  places: Places,
  ask: (place: Repository, options: OperationOptions) => Promise<Value>,
  options: OperationOptions,
): Promise<{ readonly place: Repository; readonly value: Value }> {
  const failures: ImageError[] = [];
  for (const place of places) {
    try {
      return { place, value: await ask(place, patienceFor(place, options)) };
    } catch (error) {
      failures.push(passedOver(error, options));
    }
  }
  throw together(failures);
}

/** The list of the first place that has anything in it: a mirror need not have all. @throws as `firstOf` */
export async function* listOf<Item>(
  places: Places,
  list: (place: Repository, options: OperationOptions) => AsyncIterable<Item>,
  options: OperationOptions,
): AsyncGenerator<Item, void, undefined> {
  const failures: ImageError[] = [];
  for (const place of places) {
    let isBegun = false;
    try {
      for await (const item of list(place, patienceFor(place, options))) {
        isBegun = true;
        yield item;
      }
      if (isBegun) return;
    } catch (error) {
      if (isBegun) throw error;
      failures.push(passedOver(error, options));
    }
  }
  if (failures.length === places.length) throw together(failures);
}

/** A blob, which goes on at the next place where one breaks off, or does not have it. @throws as `firstOf` */
export async function* blobOf(
  places: Places,
  blob: BlobInfo,
  { range = { start: 0 }, ...options }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const failures: ImageError[] = [];
  let { start } = range;
  for (const place of places) {
    try {
      const rest = { ...patienceFor(place, options), range: { ...range, start } };
      for await (const chunk of downloadBlob(place, blob, rest)) {
        start += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (error) {
      failures.push(passedOver(error, options));
    }
  }
  throw together(failures);
}

/** There is somebody else to ask: a mirror that is down, or busy, is not waited for. */
function patienceFor<Options extends OperationOptions>(
  { isMirror }: Repository,
  options: Options,
): Options {
  if (!isMirror) return options;
  return { ...options, retries: new Retries({ maxAttempts: 2, maxDelay: 1000 }) };
}

function passedOver(error: unknown, { signal }: OperationOptions): ImageError {
  signal?.throwIfAborted();
  if (isImageError(error)) return error;
  throw error;
}

/** The error of the last place, with what the mirrors before it said. */
function together(failures: readonly ImageError[]): ImageError {
  const last = failures.at(-1);
  if (last === undefined) throw new RangeError("There is no place to ask");
  if (failures.length === 1) return last;
  const ofMirrors = failures.slice(0, -1);
  const said = ofMirrors.map(({ message }) => message).join("; ");
  const message = `${last.message}; mirrors failed as well: ${said}`;
  const { code, reference } = last;
  const retryable = failures.some((failure) => failure.retryable);
  const cause = new AggregateError([last, ...ofMirrors], said);
  if (!(last instanceof RegistryError)) {
    return new ImageError(code, message, { reference, retryable, cause });
  }
  const { status, errors, retryAfter } = last;
  const answer = { status, errors, retryAfter };
  return new RegistryError(code, message, { ...answer, reference, retryable, cause });
}
