import { blockSize, padded } from "./tar-header.ts";

/** A place in a tar file for a header and a content. */
export interface TarRegion {
  readonly start: number;
  /** Of the content, in whole blocks. */
  readonly size: number;
}

/** Which places are taken in a tar file that is being written. */
export class TarSpace {
  #holes: readonly TarRegion[] = [];
  #end = 0;
  #isGrowing = false;

  /** Behind all that is taken. */
  get end(): number {
    return this.#end;
  }

  /** Places of members that failed, to be used again. */
  get holes(): readonly TarRegion[] {
    return this.#holes;
  }

  /** A hole that fits; undefined where there is none. */
  takeHole(contentSize: number): TarRegion | undefined {
    const hole = this.#holes.find(({ size }) => size === padded(contentSize));
    this.#holes = this.#holes.filter((one) => one !== hole);
    return hole;
  }

  takeEnd(contentSize: number): TarRegion {
    const region = { start: this.#end, size: padded(contentSize) };
    this.#end = endOf(region);
    return region;
  }

  /** A place at the end that may become as large as it will; until it ends nobody else may take one there. */
  startGrowing(): TarRegion {
    this.#isGrowing = true;
    return { start: this.#end, size: Infinity };
  }

  /** It has that many bytes; undefined gives it back. */
  endGrowing(contentSize: number | undefined): void {
    this.#isGrowing = false;
    if (contentSize !== undefined) this.takeEnd(contentSize);
    this.#dropLastHoles();
  }

  /** Gives back what lies behind a content that is smaller than was expected. */
  shorten({ start, size }: TarRegion, contentSize: number): void {
    const rest = size - padded(contentSize) - blockSize;
    if (rest >= 0) this.release({ start: start + blockSize + padded(contentSize), size: rest });
  }

  release(region: TarRegion): void {
    this.#holes = [...this.#holes, region];
    if (!this.#isGrowing) this.#dropLastHoles();
  }

  #dropLastHoles(): void {
    for (;;) {
      const last = this.#holes.find((one) => endOf(one) === this.#end);
      if (last === undefined) return;
      this.#holes = this.#holes.filter((one) => one !== last);
      this.#end = last.start;
    }
  }
}

function endOf({ start, size }: TarRegion): number {
  return start + blockSize + size;
}
