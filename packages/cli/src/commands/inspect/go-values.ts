export { GoTime } from "./go-template/go-time.ts";

/** A map in the form that Go's encoder writes: sorted by key. */
export class GoMap extends Map<string, unknown> {
  static of(record: Readonly<Record<string, unknown>>): GoMap {
    return new GoMap(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  toJSON(): unknown {
    return Object.fromEntries(this);
  }
}

/** Go's nil for a slice, a map or a pointer. */
export class GoNil {
  readonly kind: "list" | "map" | "pointer";

  constructor(kind: GoNil["kind"]) {
    this.kind = kind;
  }

  toJSON(): null {
    return null;
  }
}

/**
 * A struct: fields with Go's names in Go's order. `others` are JSON fields that the Go struct does not have and Go does
 * not print.
 */
export class GoStruct {
  readonly typeName: string;
  readonly fields: ReadonlyMap<string, unknown>;
  readonly others: Readonly<Record<string, unknown>>;
  readonly #json: unknown;

  constructor(
    typeName: string,
    fields: ReadonlyMap<string, unknown>,
    others: Readonly<Record<string, unknown>>,
    json: unknown,
  ) {
    this.typeName = typeName;
    this.fields = fields;
    this.others = others;
    this.#json = json;
  }

  toJSON(): unknown {
    return this.#json;
  }
}
