import { ImageError, isImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";

import { alteredMemory } from "./altered-memory.ts";
import type { Alteration, WholeDestination } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";

type PutBlob = WholeDestination["putBlob"];

const putting = (replace: (putBlob: PutBlob) => PutBlob): Alteration => ({
  destination: ({ putBlob }) => ({ putBlob: replace(putBlob) }),
});

export const putBlobBreakages: Breakages = {
  "destination/digest-computed": {
    "returns the size 0 for a blob of unknown size": () =>
      alteredMemory(
        putting((putBlob) => async (bytes, blob, options) => {
          const stored = await putBlob(bytes, blob, options);
          return blob.digest === undefined ? { ...stored, size: 0 } : stored;
        }),
      ),
  },
  "destination/digest-algorithm": {
    "computes sha256 only": () =>
      alteredMemory(
        putting((putBlob) => async (bytes, blob, options) => {
          return putBlob(bytes, blob, { ...options, digestAlgorithm: undefined });
        }),
      ),
  },
  "destination/empty-blob": {
    "rejects an empty blob": () =>
      alteredMemory(
        putting((putBlob) => async (bytes, blob, options) => {
          if (blob.size === 0) throw new ImageError("unsupported", "A blob must not be empty");
          return putBlob(bytes, blob, options);
        }),
      ),
  },
  "destination/large-blob": {
    "stores at most 8 MiB": () =>
      alteredMemory(
        putting((putBlob) => async (bytes, blob, options) => {
          const { size } = blob;
          const stored = await putBlob(upTo(8 << 20, bytes), blob, options);
          return size === undefined ? stored : { ...stored, size };
        }),
      ),
  },
  "destination/reused-buffers": {
    "uses chunks after it requested the next": () =>
      alteredMemory(
        putting((putBlob) => async (bytes, blob, options) => {
          const chunks = await Array.fromAsync(bytes);
          return putBlob(replayed(chunks), blob, options);
        }),
      ),
  },
  "destination/failed-stream": {
    "replaces the error of the stream": () =>
      alteredMemory(
        putting((putBlob) => async (bytes, blob, options) => {
          try {
            return await putBlob(bytes, blob, options);
          } catch (error) {
            if (isImageError(error) || options?.signal?.aborted) throw error;
            throw new ImageError("unavailable", "The blob was not stored");
          }
        }),
      ),
    "stores the bytes before the error": () =>
      alteredMemory(
        putting(
          (putBlob) => async (bytes, blob, options) =>
            storingOn((error) => !isImageError(error) && !options?.signal?.aborted)(
              putBlob,
              bytes,
              blob,
              options,
            ),
        ),
      ),
  },
  "destination/corrupt-stream": {
    "stores bytes with another digest": () =>
      alteredMemory(
        putting(
          (putBlob) => async (bytes, blob, options) =>
            storingOn((error) => isImageError(error, "digest-mismatch"))(
              putBlob,
              bytes,
              blob,
              options,
            ),
        ),
      ),
    "replaces the error": () =>
      alteredMemory(
        putting((putBlob) => async (bytes, blob, options) => {
          try {
            return await putBlob(bytes, blob, options);
          } catch (error) {
            if (!isImageError(error, "digest-mismatch")) throw error;
            throw new ImageError("conflict", "The blob was not stored");
          }
        }),
      ),
  },
  "destination/aborted-put": {
    "stores the bytes before the abort": () =>
      alteredMemory(
        putting(
          (putBlob) => async (bytes, blob, options) =>
            storingOn(() => options?.signal?.aborted === true)(putBlob, bytes, blob, options),
        ),
      ),
  },
  "destination/reuse": {
    "finds no blob": () =>
      alteredMemory({
        destination: ({ tryReusingBlob }) => ({
          async tryReusingBlob(blob, options) {
            await tryReusingBlob(blob, options);
            return undefined;
          },
        }),
      }),
  },
  "destination/parallel-blobs": {
    "rejects a parallel write of the same blob": () =>
      alteredMemory({
        destination({ putBlob }) {
          const writing = new Set<Digest | undefined>();
          return {
            async putBlob(bytes, blob, options) {
              if (writing.has(blob.digest))
                throw new ImageError("conflict", "The blob is being written");
              if (blob.digest !== undefined) writing.add(blob.digest);
              try {
                return await putBlob(bytes, blob, options);
              } finally {
                writing.delete(blob.digest);
              }
            },
          };
        },
      }),
  },
};

async function* upTo(limit: number, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = limit;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.byteLength);
  }
}

/** Stores the bytes before matching errors and rethrows the error. */
function storingOn(matches: (error: unknown) => boolean) {
  return async (
    putBlob: PutBlob,
    bytes: AsyncIterable<Uint8Array>,
    ...rest: [Parameters<PutBlob>[1], Parameters<PutBlob>[2]]
  ): ReturnType<PutBlob> => {
    const chunks: Uint8Array[] = [];
    async function* collecting(): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        chunks.push(Uint8Array.from(chunk));
        yield chunk;
      }
    }
    try {
      return await putBlob(collecting(), ...rest);
    } catch (error) {
      if (matches(error)) await putBlob(replayed(chunks), rest[0]);
      throw error;
    }
  };
}

async function* replayed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
