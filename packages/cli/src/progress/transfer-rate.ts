import { formatBytes } from "@drayage/core/copy";

import type { ProgressTally } from "./progress-tally.ts";

/** Milliseconds over which the rate is averaged. */
const span = 5000;

interface Sample {
  readonly at: number;
  readonly moved: number;
}

/** The transfer rate over the last few seconds. */
export class TransferRate {
  readonly #now: () => number;
  /** Oldest first. */
  #samples: readonly Sample[] = [];

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Records the total number of bytes since the start. */
  note(moved: number): void {
    const at = this.#now();
    const isSoon = at - (this.#samples.at(-1)?.at ?? -Infinity) < 100;
    const kept = isSoon && this.#samples.length > 1 ? this.#samples.slice(0, -1) : this.#samples;
    const samples = [...kept, { at, moved }];
    const first = samples.findLastIndex((sample) => at - sample.at >= span);
    this.#samples = samples.slice(Math.max(first, 0));
  }

  /** Bytes per second; undefined during the first half second. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < 500) return undefined;
    return ((last.moved - first.moved) * 1000) / (last.at - first.at);
  }
}

/** `, 12 MB/s, 1 min 5 s left`; empty while the rate is unknown. */
export function formatRate(
  { perSecond }: Pick<TransferRate, "perSecond">,
  { bytes, bytesDone }: Pick<ProgressTally, "bytes" | "bytesDone">,
): string {
  if (perSecond === undefined) return "";
  const speed = `, ${formatBytes(Math.round(perSecond))}/s`;
  const left = Math.max(bytes - bytesDone, 0);
  if (left === 0) return speed;
  return perSecond < 1 ? `${speed}, stalled` : `${speed}, ${formatTime(left / perSecond)} left`;
}

function formatTime(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return whole < 360_000
    ? `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
    : "days";
}
