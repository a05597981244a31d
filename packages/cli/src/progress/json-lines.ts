import { plainJSON } from "../process/json-text.ts";
import { progressKey } from "./progress-event.ts";
import type { ProgressEvent, ProgressView } from "./progress-event.ts";

const interval = 250;

/** Writes each event as a line of JSON. Combines the progress events of a blob to a few lines per second. */
export class JSONLines implements ProgressView {
  readonly #stream: Pick<NodeJS.WritableStream, "write">;
  readonly #pending = new Map<string, Extract<ProgressEvent, { readonly kind: "blob-progress" }>>();
  #writtenAt = 0;

  constructor(stream: Pick<NodeJS.WritableStream, "write">) {
    this.#stream = stream;
  }

  readonly show = (event: ProgressEvent): void => {
    if (event.kind !== "blob-progress") {
      this.#writeProgress();
      this.#line(event);
      return;
    }
    const key = progressKey(event.digest, event);
    const bytes = (this.#pending.get(key)?.bytes ?? 0) + event.bytes;
    this.#pending.set(key, { ...event, bytes });
    if (Date.now() - this.#writtenAt >= interval) this.#writeProgress();
  };

  [Symbol.dispose](): void {
    this.#writeProgress();
  }

  #writeProgress(): void {
    for (const event of this.#pending.values()) this.#line(event);
    this.#pending.clear();
    this.#writtenAt = Date.now();
  }

  #line(event: ProgressEvent): void {
    this.#stream.write(`${plainJSON(event)}\n`);
  }
}
