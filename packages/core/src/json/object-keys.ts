import type { JSONRecord } from "./json-record.ts";
import { fieldIn } from "./json-shape.ts";
import type { JSONShape } from "./json-shape.ts";
import { foldedKey } from "./key-folding.ts";

/** Creates the error for an ambiguous key. */
export type KeyError = (key: string, why: string) => Error;

/** Checks the keys of one object for ambiguity. `record` contains the keys that have been read. */
export class ObjectKeys {
  readonly #record: JSONRecord;
  readonly #shape: JSONShape;
  readonly #createError: KeyError;
  /** The folded forms of the keys that differ from their folded form. */
  #folded: Set<string> | undefined;

  constructor(record: JSONRecord, shape: JSONShape, createError: KeyError) {
    this.#record = record;
    this.#shape = shape;
    this.#createError = createError;
  }

  /** Checks the next key and returns the shape of its value. */
  add(key: string): JSONShape {
    const isMap = this.#shape === "map";
    const field = isMap ? key : foldedKey(key);
    const known = fieldIn(this.#shape, field);
    if (known !== undefined && known.name !== key) {
      throw this.#createError(key, `is read as ${known.name} by other programs`);
    }
    if (Object.hasOwn(this.#record, field) || this.#folded?.has(field)) {
      throw this.#createError(key, "appears twice, or in two spellings");
    }
    if (field !== key) (this.#folded ??= new Set()).add(field);
    return known?.shape ?? (isMap ? "map" : "any");
  }
}
