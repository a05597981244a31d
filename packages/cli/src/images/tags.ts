import { isImageError } from "@drayage/core";
import type { ImageReference, OperationOptions } from "@drayage/core";

import { lineOf } from "../process/failure.ts";
import { logMessage } from "../process/standard-streams.ts";

/** The names of all images in the location of the image, each once. */
export async function imageNamesBeside(
  reference: ImageReference,
  options: OperationOptions,
): Promise<readonly string[]> {
  await using listing = await reference.listImages?.(options);
  return [...new Set(listing?.images.flatMap(({ names }) => names))];
}

/** The tags of the image's repository. Logs a warning and returns none if they cannot be listed. */
export async function tagsBeside(
  reference: ImageReference,
  options: OperationOptions,
): Promise<readonly string[]> {
  const { transport } = reference;
  if (transport.listTags === undefined) return [];
  try {
    return await Array.fromAsync(transport.listTags(reference, options));
  } catch (error) {
    if (!isImageError(error)) throw error;
    logMessage(lineOf(`the tags of the repository cannot be listed: ${error.message}`));
    return [];
  }
}
