import { ImageError } from "@drayage/core";

/** Pages in a row that may bring nothing, as those do of which a server hides all entries. */
const maxEmptyPages = 100;
/** Pages that may bring fewer entries than `minEntries` each. */
const maxShortPages = 1000;
const minEntries = 10;

/** Ends lists in pages that have no end. */
export class ListProgress {
  readonly #what: string;
  readonly #maxEntries: number;
  readonly #seen = new Set<string>();
  #entries = 0;
  #pages = 0;
  #emptyPages = 0;

  /** `what` is for people: `the tags of docker.io/library/alpine`. */
  constructor(what: string, maxEntries: number = 10_000_000) {
    this.#what = what;
    this.#maxEntries = maxEntries;
  }

  /**
   * Counts a page: the entries on it that were on none before, and what the next page is asked for by, if any.
   * @throws ImageError `unsupported` where the next page was read already, or too many pages bring next to nothing
   */
  add(newEntries: number, next: string | undefined): void {
    this.#pages++;
    this.#entries += newEntries;
    this.#emptyPages = newEntries === 0 ? this.#emptyPages + 1 : 0;
    if (this.#entries > this.#maxEntries) {
      throw this.#endless(`has more than ${this.#maxEntries} entries`);
    }
    if (next === undefined) return;
    if (this.#seen.has(next)) throw this.#endless("goes round in circles");
    this.#seen.add(next);
    const isTooLong = this.#pages > maxShortPages + this.#entries / minEntries;
    if (this.#emptyPages >= maxEmptyPages || isTooLong) {
      throw this.#endless(
        `goes on and on: ${this.#entries} entries on ${this.#pages} pages, and there are more pages`,
      );
    }
  }

  #endless(problem: string): ImageError {
    return new ImageError(
      "unsupported",
      `The list of ${this.#what} ${problem}; it was not read on`,
    );
  }
}
