import type { Digest } from "@drayage/core";

import { plainJSON } from "../process/json-text.ts";
import type { ProgressEvent, ProgressView } from "./progress-event.ts";

const pause = 250;

/** Each event as a line of JSON, for programs; what is read of one blob is summed up to a few lines a second. */
export class JSONLines implements ProgressView {
  readonly #stream: Pick<NodeJS.WritableStream, "write">;
  readonly #unsaid = new Map<Digest, number>();
  #saidAt = 0;

  constructor(stream: Pick<NodeJS.WritableStream, "write">) {
    this.#stream = stream;
  }

  readonly show = (event: ProgressEvent): void => {
    if (event.kind !== "blob-progress") {
      this.#sayProgress();
      this.#line(event);
      return;
    }
    this.#unsaid.set(event.digest, (this.#unsaid.get(event.digest) ?? 0) + event.bytes);
    if (Date.now() - this.#saidAt >= pause) this.#sayProgress();
  };

  [Symbol.dispose](): void {
    this.#sayProgress();
  }

  #sayProgress(): void {
    for (const [digest, bytes] of this.#unsaid)
      this.#line({ kind: "blob-progress", digest, bytes });
    this.#unsaid.clear();
    this.#saidAt = Date.now();
  }

  #line(event: ProgressEvent): void {
    this.#stream.write(`${plainJSON(event)}\n`);
  }
}
