import { formatBytes, hexOf } from "@drayage/core";
import type { CopyEvent, Descriptor, Digest } from "@drayage/core";
import cliProgress from "cli-progress";

import { CopyTally, formatTally } from "./copy-tally.ts";
import type { ProgressView } from "./progress-view.ts";

const mostBars = 8;

/** A bar for the whole and one for each of the first few blobs in flight; all are wiped away at the end. */
export class ProgressBars implements ProgressView {
  readonly #tally = new CopyTally();
  readonly #bars: cliProgress.MultiBar;
  readonly #ofBlobs = new Map<Digest, cliProgress.SingleBar>();
  #ofAll: cliProgress.SingleBar | undefined;

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

  readonly show = (event: CopyEvent): void => {
    this.#tally.count(event);
    switch (event.kind) {
      case "planned":
        if (this.#tally.blobs > 0) this.#ofAll = this.#newBar(this.#tally.bytes, "");
        break;
      case "blob-started":
        this.#start(event.blob);
        break;
      case "blob-done":
        this.#remove(event.digest);
        break;
      case "blob-progress":
      case "blob-restarted":
        this.#ofBlobs.get(event.digest)?.update(this.#tally.inFlight.get(event.digest)?.read ?? 0);
        break;
      case "retry":
      case "notice":
      case "manifest-written":
      case "signatures-written":
      case "done":
    }
    this.#ofAll?.update(this.#tally.bytesDone, { text: formatTally(this.#tally) });
  };

  [Symbol.dispose](): void {
    this.#bars.stop();
  }

  #start(blob: Descriptor): void {
    if (this.#ofBlobs.size >= mostBars) return;
    const name = `${hexOf(blob.digest).slice(0, 12)} ${formatBytes(blob.size)}`;
    this.#ofBlobs.set(blob.digest, this.#newBar(blob.size, name));
  }

  #remove(digest: Digest): void {
    const bar = this.#ofBlobs.get(digest);
    if (bar !== undefined) this.#bars.remove(bar);
    this.#ofBlobs.delete(digest);
  }

  #newBar(total: number, text: string): cliProgress.SingleBar {
    return this.#bars.create(total, 0, { text });
  }
}
