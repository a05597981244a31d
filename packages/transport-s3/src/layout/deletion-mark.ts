import { isJSONObject } from "@drayage/core/json";
import { formatLayoutIndex, parseLayoutIndex } from "@drayage/image-layout";

const annotation = "io.drayage.deletion";
const underWay = "under way: ";

/**
 * Which deletion of blobs an `index.json` tells of, the last one: another one each time, so that whoever counts on blobs
 * sees that some may be gone. undefined where there was none.
 */
export function deletionIn(content: Uint8Array | undefined): string | undefined {
  if (content === undefined) return undefined;
  const { annotations } = parseLayoutIndex(content).fields;
  const mark = isJSONObject(annotations) ? annotations[annotation] : undefined;
  return typeof mark === "string" ? mark : undefined;
}

/** The same index with another mark. */
export function withDeletion(content: Uint8Array, mark: string): Uint8Array {
  const { fields, entries } = parseLayoutIndex(content);
  const annotations = isJSONObject(fields["annotations"]) ? fields["annotations"] : {};
  const marked = { ...fields, annotations: { ...annotations, [annotation]: mark } };
  return formatLayoutIndex({ fields: marked, entries });
}

/** The mark of a deletion that is not done yet: until it is, nobody changes the index. */
export function markUnderWay(mark: string): string {
  return underWay + mark;
}

/** The same deletion when it is done, or given up. */
export function doneMark(mark: string): string {
  return mark.replace(underWay, "");
}

export function isUnderWay(mark: string | undefined): mark is string {
  return mark?.startsWith(underWay) === true;
}
