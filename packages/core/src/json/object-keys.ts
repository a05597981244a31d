import type { JSONRecord } from "./json-record.ts";
import { fieldIn } from "./json-shape.ts";
import type { JSONShape } from "./json-shape.ts";
import { foldedKey } from "./key-folding.ts";

/** The error for a key that can be read in two ways. */
export type Refuse = (key: string, why: string) => Error;

/** The keys of one object, of which `record` has those that were read before. */
export class ObjectKeys {
  readonly #record: JSONRecord;
  readonly #shape: JSONShape;
  readonly #refuse: Refuse;
  /** The folded forms of those keys that are not in that form themselves. */
  #folded: Set<string> | undefined;

  constructor(record: JSONRecord, shape: JSONShape, refuse: Refuse) {
    this.#record = record;
    this.#shape = shape;
    this.#refuse = refuse;
  }

  /** What is known of the value of one more key. */
  add(key: string): JSONShape {
    const isFree = this.#shape === "map";
    const field = isFree ? key : foldedKey(key);
    const known = fieldIn(this.#shape, field);
    if (known !== undefined && known.name !== key) {
      throw this.#refuse(key, `is read as ${known.name} by other programs`);
    }
    if (Object.hasOwn(this.#record, field) || this.#folded?.has(field)) {
      throw this.#refuse(key, "is there twice, or in two spellings");
    }
    if (field !== key) (this.#folded ??= new Set()).add(field);
    return known?.shape ?? (isFree ? "map" : "any");
  }
}
