import { foldedKey } from "./key-folding.ts";

/**
 * The keys that a format defines for an object, or for the objects in an array. `map` allows arbitrary case-sensitive
 * keys, as in annotations. `any` defines no keys. Fields that are not listed are `any`.
 */
export type JSONShape = "any" | "map" | JSONFields;

/** The shapes of fields by name, as the format spells it. */
export interface JSONFields {
  readonly [name: string]: JSONShape;
}

/** A field of a format. */
export interface KnownField {
  /** As the format spells it. */
  readonly name: string;
  readonly shape: JSONShape;
}

/** The field that Go reads from a key with this folded form. */
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
