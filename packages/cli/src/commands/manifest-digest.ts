import { ImageError } from "@drayage/core";
import type { DigestAlgorithm } from "@drayage/core";
import { manifestDigestOf } from "@drayage/core/manifest";
import { findNamedFile, withFileErrors } from "@drayage/transport-kit/files";

import { writeResult } from "../process/standard-streams.ts";

/** `drayage manifest-digest` */
export async function manifestDigest(
  file: string,
  { digestAlgorithm }: { readonly digestAlgorithm?: DigestAlgorithm },
  signal?: AbortSignal,
): Promise<void> {
  const manifest = await withFileErrors(file, async () =>
    findNamedFile(file, { limit: maxSize, signal }),
  );
  if (manifest === undefined)
    throw new ImageError(
      "invalid-reference",
      `There is no file ${file}; name the file of a manifest`,
    );
  await writeResult(`${manifestDigestOf({ bytes: manifest }, digestAlgorithm)}\n`);
}

/** Bytes. Exceeds the limit of every registry. */
const maxSize = 64 << 20;
