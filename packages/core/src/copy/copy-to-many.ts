import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { ImageError, isImageError } from "../names/image-error.ts";
import type { CopyEvent } from "./copy-event.ts";
import { copyFrom } from "./copy-from.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { CopyResult } from "./copy-result.ts";
import { SharedSource } from "./shared-source.ts";
import type { SharedSourceSettings } from "./shared-source.ts";

/** The options of a copy to several destinations. */
export interface CopyToManyOptions extends Omit<CopyOptions, "onEvent">, SharedSourceSettings {
  /** Receives the events of all copies, each with its destination. An error that it throws ends that copy. */
  readonly onEvent?: ((event: CopyEvent, destination: ImageReference) => void) | undefined;
}

/** One of several destinations, with options of its own: another format, compression or encryption. */
export interface CopyTarget {
  readonly destination: ImageReference;
  /** They replace the same options of the whole copy. */
  readonly options: Omit<CopyOptions, "onEvent" | "signal" | "cache">;
}

/** What became of one of several copies. */
export type DestinationResult =
  | {
      readonly destination: ImageReference;
      readonly result: CopyResult;
      readonly error?: undefined;
    }
  | {
      readonly destination: ImageReference;
      readonly result?: undefined;
      readonly error: ImageError;
    };

/**
 * Copies an image to several destinations at the same time, reading each blob once. A copy that fails does not stop the
 * others. Returns one result for each destination, in order.
 * @throws ImageError `impossible-copy` for two destinations of the same name; if the source cannot be opened; the reason
 * of an abort
 */
export async function copyToMany(
  from: ImageReference,
  destinations: readonly (ImageReference | CopyTarget)[],
  options: CopyToManyOptions = {},
): Promise<readonly DestinationResult[]> {
  const targets = destinations.map(targetOf);
  rejectDuplicates(targets.map(({ destination }) => destination));
  const { onEvent, spoolLimit, ...shared } = options;
  const opened = await from.newImageSource(shared);
  await using source = new SharedSource(opened, { spoolLimit }, options.signal);
  const views = targets.map((target) => ({ ...target, view: source.view() }));
  const results = await Promise.all(
    views.map(async ({ destination, options: own, view }) =>
      outcomeOf(view.source, destination, {
        ...shared,
        ...own,
        onEvent(event) {
          view.observe(event);
          onEvent?.(event, destination);
        },
      }),
    ),
  );
  options.signal?.throwIfAborted();
  return results;
}

function targetOf(target: ImageReference | CopyTarget): CopyTarget {
  return "destination" in target ? target : { destination: target, options: {} };
}

async function outcomeOf(
  view: ImageSource,
  destination: ImageReference,
  options: CopyOptions,
): Promise<DestinationResult> {
  await using source = view;
  try {
    return { destination, result: await copyFrom(source, destination, options) };
  } catch (error) {
    if (isImageError(error)) return { destination, error };
    const message = error instanceof Error ? error.message : String(error);
    return {
      destination,
      error: new ImageError("unavailable", message, { cause: error, retryable: false }),
    };
  }
}

function rejectDuplicates(destinations: readonly ImageReference[]): void {
  const names = destinations.map(imageName);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new ImageError("impossible-copy", `${twice} is a destination twice; remove one of them`);
}
