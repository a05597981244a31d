import { isJSONObject } from "@drayage/core/json";
import { formatLayoutIndex, parseLayoutIndex } from "@drayage/image-layout";

const annotation = "io.drayage.deletion";
const pendingPrefix = "under way: ";

/**
 * The mark of the last deletion of blobs in an `index.json`; undefined if there was none. Every deletion has another
 * mark, so a copy that reuses blobs detects that some may have been deleted.
 */
export function deletionIn(content: Uint8Array | undefined): string | undefined {
  if (content === undefined) return undefined;
  const { annotations } = parseLayoutIndex(content).fields;
  const mark = isJSONObject(annotations) ? annotations[annotation] : undefined;
  return typeof mark === "string" ? mark : undefined;
}

/** Replaces the mark in an index. */
export function withDeletion(content: Uint8Array, mark: string): Uint8Array {
  const { fields, entries } = parseLayoutIndex(content);
  const annotations = isJSONObject(fields["annotations"]) ? fields["annotations"] : {};
  const marked = { ...fields, annotations: { ...annotations, [annotation]: mark } };
  return formatLayoutIndex({ fields: marked, entries });
}

/** The mark of a deletion in progress. Until it ends, other writers do not change the index. */
export function pendingMark(mark: string): string {
  return pendingPrefix + mark;
}

/** The mark of a deletion that has ended, complete or not. */
export function doneMark(mark: string): string {
  return mark.replace(pendingPrefix, "");
}

/** Whether a deletion is in progress. */
export function isPending(mark: string | undefined): mark is string {
  return mark?.startsWith(pendingPrefix) === true;
}
