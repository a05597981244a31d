import { isImageError } from "@drayage/core";
import type { ImageReference, OperationOptions } from "@drayage/core";

import { lineOf } from "../process/failure.ts";
import { logMessage } from "../process/standard-streams.ts";

/** An image in a repository whose tags can be listed. */
export interface TaggedReference extends ImageReference {
  getTags(options?: OperationOptions): AsyncIterable<string>;
}

/** An image in a file or folder with several named images. */
export interface ImageAmongOthers extends ImageReference {
  getImageNames(options?: OperationOptions): Promise<readonly string[]>;
}

export function hasImageNames(reference: ImageReference): reference is ImageAmongOthers {
  return "getImageNames" in reference;
}

export function hasTags(reference: ImageReference): reference is TaggedReference {
  return "getTags" in reference;
}

/** The tags of the image's repository. Logs a warning and returns none if they cannot be listed. */
export async function tagsBeside(
  reference: ImageReference,
  options: OperationOptions,
): Promise<readonly string[]> {
  if (!hasTags(reference)) return [];
  try {
    return await Array.fromAsync(reference.getTags(options));
  } catch (error) {
    if (!isImageError(error)) throw error;
    logMessage(lineOf(`the tags of the repository cannot be listed: ${error.message}`));
    return [];
  }
}
