import { blockSize, padded } from "./tar-header.ts";

/** A region of a tar file for a header and its content. */
export interface TarRegion {
  readonly start: number;
  /** The size of the content in whole blocks. */
  readonly size: number;
}

/** Allocates regions in a tar file that is being written. */
export class TarSpace {
  #holes: readonly TarRegion[] = [];
  #end = 0;
  #isGrowing = false;

  /** The end of the last allocated region. */
  get end(): number {
    return this.#end;
  }

  /** Regions of members that failed, available for reuse. */
  get holes(): readonly TarRegion[] {
    return this.#holes;
  }

  /** Takes a free region of this size; undefined if there is none. */
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

  /** Starts a region of unknown size at the end. No other region is allocated there until `endGrowing`. */
  startGrowing(): TarRegion {
    this.#isGrowing = true;
    return { start: this.#end, size: Infinity };
  }

  /** Ends the growing region with the size of its content; undefined releases the region. */
  endGrowing(contentSize: number | undefined): void {
    this.#isGrowing = false;
    if (contentSize !== undefined) this.takeEnd(contentSize);
    this.#trimEnd();
  }

  /** Releases the unused end of a region whose content is smaller than expected. */
  shorten({ start, size }: TarRegion, contentSize: number): void {
    const rest = size - padded(contentSize) - blockSize;
    if (rest >= 0) this.release({ start: start + blockSize + padded(contentSize), size: rest });
  }

  release(region: TarRegion): void {
    this.#holes = [...this.#holes, region];
    if (!this.#isGrowing) this.#trimEnd();
  }

  #trimEnd(): void {
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
