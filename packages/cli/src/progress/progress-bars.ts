import { hexOf } from "@drayage/core";
import type { Descriptor } from "@drayage/core";
import { formatBytes } from "@drayage/core/copy";
import { singleLine } from "@drayage/core/text";
import cliProgress from "cli-progress";

import { EventLines } from "./event-lines.ts";
import { progressKey } from "./progress-event.ts";
import type { ProgressEvent, ProgressView } from "./progress-event.ts";
import { formatTally, ProgressTally } from "./progress-tally.ts";
import { formatRate, TransferRate } from "./transfer-rate.ts";

const maxBars = 8;
const interval = 1000;
const wipeRest = "\u001B[K";

/**
 * Shows a total bar and one for each of the first few active blobs. Erases them at the end. Retries and notices stay
 * above them.
 */
export class ProgressBars implements ProgressView {
  readonly #tally = new ProgressTally();
  readonly #lines = new EventLines();
  readonly #bars: cliProgress.MultiBar;
  readonly #ofBlobs = new Map<string, cliProgress.SingleBar>();
  #ofAll: cliProgress.SingleBar | undefined;
  readonly #rate = new TransferRate();
  #timer: NodeJS.Timeout | undefined;
  #hasPending = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#bars = new cliProgress.MultiBar({
      stream,
      format: "{bar} {text}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      emptyOnZero: true,
      gracefulExit: false,
    });
  }

  readonly show = (event: ProgressEvent): void => {
    this.#tally.count(event);
    switch (event.kind) {
      case "planned":
      case "inspected":
        if (this.#tally.blobs > 0) this.#begin();
        break;
      case "blob-started":
        this.#start(event.blob, progressKey(event.blob.digest, event));
        break;
      case "blob-done":
        this.#remove(progressKey(event.digest, event));
        break;
      case "blob-checked":
        this.#remove(progressKey(event.blob.digest, event));
        break;
      case "blob-progress":
      case "blob-restarted":
        this.#updateBlob(progressKey(event.digest, event));
        break;
      case "retry":
      case "notice":
      case "manifest-written":
      case "signatures-written":
      case "done":
      case "problem":
      case "verified":
    }
    const line = this.#lines.lineOf(event);
    if (line !== undefined) this.#log(line);
    this.#update();
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#hasPending) this.#bars.update();
    this.#bars.stop();
  }

  #updateBlob(key: string): void {
    this.#ofBlobs.get(key)?.update(this.#tally.inFlight.get(key)?.read ?? 0);
  }

  /** With several copies, each adds to the total. */
  #begin(): void {
    if (this.#ofAll === undefined) this.#ofAll = this.#newBar(this.#tally.bytes, "");
    else this.#ofAll.setTotal(this.#tally.bytes);
    clearInterval(this.#timer);
    // Updates even without progress, so that the speed stays correct.
    this.#timer = setInterval(() => this.#update(), interval);
    this.#timer.unref();
  }

  #update(): void {
    this.#rate.note(this.#tally.moved);
    const text = `${formatTally(this.#tally)}${formatRate(this.#rate, this.#tally)}`;
    this.#ofAll?.update(this.#tally.bytesDone, { text });
  }

  /** Printed with the next redraw, over the bars. `wipeRest` clears the rest of the line. */
  #log(line: string): void {
    this.#bars.log(`${singleLine(line)}${wipeRest}\n`);
    this.#hasPending = true;
  }

  #start(blob: Descriptor, key: string): void {
    if (this.#ofBlobs.size >= maxBars) return;
    const name = `${hexOf(blob.digest).slice(0, 12)} ${formatBytes(blob.size)}`;
    this.#ofBlobs.set(key, this.#newBar(blob.size, name));
  }

  #remove(key: string): void {
    const bar = this.#ofBlobs.get(key);
    if (bar !== undefined) this.#bars.remove(bar);
    this.#ofBlobs.delete(key);
  }

  #newBar(total: number, text: string): cliProgress.SingleBar {
    return this.#bars.create(total, 0, { text });
  }
}
