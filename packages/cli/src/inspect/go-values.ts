/** A map as Go's encoder writes it: its keys in order. */
export class GoMap extends Map<string, unknown> {
  static of(record: Readonly<Record<string, unknown>>): GoMap {
    return new GoMap(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  toJSON(): unknown {
    return Object.fromEntries(this);
  }
}

/** A time as Go reads it from RFC 3339 and prints it. */
export class GoTime {
  readonly #text: string;

  constructor(text: string) {
    // Only what follows a point: the zeros of 06:00:00 stay.
    this.#text = text.replace(/(\.\d*?)0+(?!\d)/, (_, kept: string) => (kept === "." ? "" : kept));
  }

  toJSON(): string {
    return this.#text;
  }

  /** `2026-11-23 06:33:21.4 +0000 UTC` */
  toString(): string {
    const match = /^([\d-]+)T([\d:.]+)(Z|[+-]\d\d:\d\d)$/.exec(this.#text);
    if (match === null) return this.#text;
    const [, date, time, zone = "Z"] = match;
    const offset = zone.replace(":", "");
    return `${date} ${time} ${zone === "Z" ? "+0000 UTC" : `${offset} ${offset}`}`;
  }
}
