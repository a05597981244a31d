export { GoTime } from "./go-template/go-time.ts";

/** A map as Go's encoder writes it: its keys in order. */
export class GoMap extends Map<string, unknown> {
  static of(record: Readonly<Record<string, unknown>>): GoMap {
    return new GoMap(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  toJSON(): unknown {
    return Object.fromEntries(this);
  }
}

/** A list, a map or a pointer that is not there. */
export class GoNil {
  readonly kind: "list" | "map" | "pointer";

  constructor(kind: GoNil["kind"]) {
    this.kind = kind;
  }

  toJSON(): null {
    return null;
  }
}

/** A struct: fields with Go's names in Go's order, and others that Go's struct does not have and does not print. */
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
