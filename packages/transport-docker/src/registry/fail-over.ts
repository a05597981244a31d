import { ImageError, isImageError, Retries } from "@drayage/core";
import type { BlobInfo, GetBlobOptions, OperationOptions } from "@drayage/core";

import { downloadBlob } from "../blobs/blob-download.ts";
import { RegistryError } from "../http/registry-error.ts";
import type { Repository } from "./repository.ts";

/** The repositories that may have an image: mirrors in their order, then the repository of the image. */
export type Repositories = readonly Repository[];

/** Reads from the first repository that returns a value. @throws the error of the last repository */
export async function readFromFirst<Value>(
  repositories: Repositories,
  read: (repository: Repository, options: OperationOptions) => Promise<Value>,
  options: OperationOptions,
): Promise<{ readonly repository: Repository; readonly value: Value }> {
  const failures: ImageError[] = [];
  for (const repository of repositories) {
    try {
      return { repository, value: await read(repository, optionsFor(repository, options)) };
    } catch (error) {
      failures.push(imageErrorOf(error, options));
    }
  }
  throw combinedError(failures);
}

/** Lists from the first repository with items, because a mirror may be incomplete. @throws as `readFromFirst` */
export async function* listFromFirst<Item>(
  repositories: Repositories,
  list: (repository: Repository, options: OperationOptions) => AsyncIterable<Item>,
  options: OperationOptions,
): AsyncGenerator<Item, void, undefined> {
  const failures: ImageError[] = [];
  for (const repository of repositories) {
    let hasItems = false;
    try {
      for await (const item of list(repository, optionsFor(repository, options))) {
        hasItems = true;
        yield item;
      }
      if (hasItems) return;
    } catch (error) {
      if (hasItems) throw error;
      failures.push(imageErrorOf(error, options));
    }
  }
  if (failures.length === repositories.length) throw combinedError(failures);
}

/** Downloads a blob. Continues at the next repository if one fails or lacks the blob. @throws as `readFromFirst` */
export async function* downloadFromAny(
  repositories: Repositories,
  blob: BlobInfo,
  { range = { start: 0 }, ...options }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const failures: ImageError[] = [];
  let { start } = range;
  for (const repository of repositories) {
    try {
      const rest = { ...optionsFor(repository, options), range: { ...range, start } };
      for await (const chunk of downloadBlob(repository, blob, rest)) {
        start += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (error) {
      failures.push(imageErrorOf(error, options));
    }
  }
  throw combinedError(failures);
}

/** Requests to a mirror get few retries, because the next repository can serve the content. */
function optionsFor<Options extends OperationOptions>(
  { isMirror }: Repository,
  options: Options,
): Options {
  if (!isMirror) return options;
  return { ...options, retries: new Retries({ maxAttempts: 2, maxDelay: 1000 }) };
}

/** @throws the reason of an abort, and an error that is not an `ImageError` */
function imageErrorOf(error: unknown, { signal }: OperationOptions): ImageError {
  signal?.throwIfAborted();
  if (isImageError(error)) return error;
  throw error;
}

/** The error of the last repository, with the messages of the mirrors. */
function combinedError(failures: readonly ImageError[]): ImageError {
  const last = failures.at(-1);
  if (last === undefined) throw new RangeError("No repositories");
  if (failures.length === 1) return last;
  const ofMirrors = failures.slice(0, -1);
  const mirrorMessages = ofMirrors.map(({ message }) => message).join("; ");
  const message = `${last.message}; mirrors failed as well: ${mirrorMessages}`;
  const { code, reference } = last;
  const retryable = failures.some((failure) => failure.retryable);
  const cause = new AggregateError([last, ...ofMirrors], mirrorMessages);
  if (!(last instanceof RegistryError)) {
    return new ImageError(code, message, { reference, retryable, cause });
  }
  const { status, errors, retryAfter } = last;
  const fields = { status, errors, retryAfter };
  return new RegistryError(code, message, { ...fields, reference, retryable, cause });
}
