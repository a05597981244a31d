import { isImageError } from "@drayage/core";
import type { ImageReference, OperationOptions } from "@drayage/core";

import { lineOf } from "../process/failure.ts";
import { say } from "../process/standard-streams.ts";

/** An image in a place that can be asked for all tags in it. */
export interface TaggedReference extends ImageReference {
  getTags(options?: OperationOptions): AsyncIterable<string>;
}

/** An image in a place with several, that have names of their own there. */
export interface ImageAmongOthers extends ImageReference {
  getImageNames(options?: OperationOptions): Promise<readonly string[]>;
}

export function hasImageNames(reference: ImageReference): reference is ImageAmongOthers {
  return "getImageNames" in reference;
}

export function hasTags(reference: ImageReference): reference is TaggedReference {
  return "getTags" in reference;
}

/** The tags beside an image. Where they cannot be listed the user is told, and there are none. */
export async function tagsBeside(
  reference: ImageReference,
  options: OperationOptions,
): Promise<readonly string[]> {
  if (!hasTags(reference)) return [];
  try {
    return await Array.fromAsync(reference.getTags(options));
  } catch (error) {
    if (!isImageError(error)) throw error;
    say(lineOf(`the tags beside the image cannot be listed: ${error.message}`));
    return [];
  }
}
