/** One link of a `Link` header. */
export interface Link {
  /** As written; may be relative. */
  readonly target: string;
  /** In lower case; undefined where the link has no `rel`. */
  readonly relations: readonly string[] | undefined;
}

/**
 * Parses a `Link` header (RFC 8288, appendix B.2) in linear time. Also accepts a target without angle brackets, as
 * some registries write it. Stops at the first invalid text.
 */
export function parseLinks(header: string): readonly Link[] {
  const scanner = new Scanner(header);
  const links: Link[] = [];
  for (;;) {
    scanner.skip(/[\s,]*/y);
    const target = scanner.target();
    if (target === undefined) return links;
    links.push({ target, relations: relationsIn(scanner) });
  }
}

/** Parses the parameters of a link up to the next comma; the first `rel` counts. */
function relationsIn(scanner: Scanner): readonly string[] | undefined {
  let relations: readonly string[] | undefined;
  while (scanner.skip(/\s*;\s*/y)) {
    const name = scanner.take(/[^\s=;,]*/y).toLowerCase();
    const value = scanner.skip(/\s*=\s*/y) ? scanner.value() : "";
    if (name === "rel") relations ??= value.trim().toLowerCase().split(/\s+/);
  }
  scanner.skip(/[^,]*/y);
  return relations;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  target(): string | undefined {
    if (this.#text[this.#at] !== "<") return this.take(/[^\s;,]+/y) || undefined;
    const end = this.#text.indexOf(">", this.#at);
    if (end < 0) return undefined;
    const target = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return target.trim();
  }

  /** A token or a quoted string, which may lack its closing quote. */
  value(): string {
    if (!this.skip(/"/y)) return this.take(/[^\s;,]*/y);
    const quoted = this.take(/(?:[^"\\]|\\.)*/sy);
    this.skip(/"/y);
    return quoted.replaceAll(/\\(.)/gs, "$1");
  }

  /** Consumes a match of a sticky pattern. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    return text;
  }

  /** Consumes a match and returns whether it was not empty. */
  skip(pattern: RegExp): boolean {
    return this.take(pattern) !== "";
  }
}
