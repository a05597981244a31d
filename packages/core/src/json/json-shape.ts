import { foldedKey } from "./key-folding.ts";

/**
 * What the keys of an object are: `map` where they are free, as in annotations: there Go tells `a` from `A`. Else the
 * fields that a format gives it, each with what is known of the objects in it or in its array; `any` where that is
 * nothing. Fields that are not listed are `any`.
 */
export type JSONShape = "any" | "map" | JSONFields;

/** By the name of the field, as the format spells it. */
export interface JSONFields {
  readonly [name: string]: JSONShape;
}

/** A field that a program would read under some key. */
export interface KnownField {
  /** As the format spells it. */
  readonly name: string;
  readonly shape: JSONShape;
}

/** The field that Go would read under that key, however it is spelled. */
export function fieldIn(shape: JSONShape, folded: string): KnownField | undefined {
  return typeof shape === "string" ? undefined : fieldsOf(shape).get(folded);
}

const cache = new WeakMap<JSONFields, ReadonlyMap<string, KnownField>>();

function fieldsOf(shape: JSONFields): ReadonlyMap<string, KnownField> {
  let fields = cache.get(shape);
  if (fields === undefined) {
    fields = new Map(
      Object.entries(shape).map(([name, inner]) => [foldedKey(name), { name, shape: inner }]),
    );
    cache.set(shape, fields);
  }
  return fields;
}
