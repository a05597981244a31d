import { ImageError } from "@drayage/core";

/** The maximum number of consecutive empty pages. Servers that hide entries send empty pages. */
const maxEmptyPages = 100;
/** The number of pages that may have fewer than `minEntries` entries on average. */
const maxShortPages = 1000;
const minEntries = 10;

/** Detects endless paginated lists. */
export class ListProgress {
  readonly #what: string;
  readonly #maxEntries: number;
  readonly #seen = new Set<string>();
  #entries = 0;
  #pages = 0;
  #emptyPages = 0;

  /** `what`: the name of the list in messages, such as `the tags of docker.io/library/alpine`. */
  constructor(what: string, maxEntries: number = 10_000_000) {
    this.#what = what;
    this.#maxEntries = maxEntries;
  }

  /**
   * Counts a page with its number of new entries and the token or URL of the next page, if any.
   * @throws ImageError `unsupported` if the next page has been read already, or too many pages have few entries
   */
  add(newEntries: number, next: string | undefined): void {
    this.#pages++;
    this.#entries += newEntries;
    this.#emptyPages = newEntries === 0 ? this.#emptyPages + 1 : 0;
    if (this.#entries > this.#maxEntries) {
      throw this.#endless(`has more than ${this.#maxEntries} entries`);
    }
    if (next === undefined) return;
    if (this.#seen.has(next)) throw this.#endless("repeats a page");
    this.#seen.add(next);
    const isTooLong = this.#pages > maxShortPages + this.#entries / minEntries;
    if (this.#emptyPages >= maxEmptyPages || isTooLong) {
      throw this.#endless(
        `does not end: ${this.#entries} entries on ${this.#pages} pages, and there are more pages`,
      );
    }
  }

  #endless(problem: string): ImageError {
    return new ImageError(
      "unsupported",
      `The list of ${this.#what} ${problem}; reading it was stopped`,
    );
  }
}
