import { formatBytes } from "@drayage/core/copy";
import { singleLine } from "@drayage/core/text";

import { EventLines } from "./event-lines.ts";
import type { ProgressEvent, ProgressView } from "./progress-event.ts";
import { formatTally, ProgressTally } from "./progress-tally.ts";

const interval = 5000;

/** Logs a line at the start and every five seconds, even without progress. Logs retries and notices in between. */
export class PlainLines implements ProgressView {
  readonly #tally = new ProgressTally();
  readonly #lines = new EventLines();
  readonly #stream: Pick<NodeJS.WritableStream, "write">;
  #timer: NodeJS.Timeout | undefined;
  #movedBefore = 0;
  #idleSeconds = 0;

  constructor(stream: Pick<NodeJS.WritableStream, "write">) {
    this.#stream = stream;
  }

  readonly show = (event: ProgressEvent): void => {
    this.#tally.count(event);
    const isStart = event.kind === "planned" || event.kind === "inspected";
    if (isStart && this.#tally.blobs > 0) this.#begin();
    const line = this.#lines.lineOf(event);
    if (line !== undefined) this.#line(line);
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #begin(): void {
    const { title, blobs, bytes } = this.#tally;
    this.#line(`${title}: ${blobs} blobs, ${formatBytes(bytes)}`);
    this.#timer ??= setInterval(() => this.#report(), interval);
  }

  #report(): void {
    const { moved } = this.#tally;
    const isIdle = moved === this.#movedBefore;
    this.#idleSeconds = isIdle ? this.#idleSeconds + interval / 1000 : 0;
    const speed = isIdle
      ? `no progress for ${this.#idleSeconds} s`
      : `${formatBytes(Math.round(((moved - this.#movedBefore) * 1000) / interval))}/s`;
    this.#movedBefore = moved;
    this.#line(`${formatTally(this.#tally)}, ${speed}`);
  }

  #line(text: string): void {
    this.#stream.write(`${singleLine(text)}\n`);
  }
}
