/** Bytes. Parts do not get smaller than this by themselves. */
const smallest = 1 << 20;
const afterRefusal = 32 << 20;
/** Of one blob, enough for the parts of which object stores make files; and of all blobs together. */
const mostHeld = 8 << 20;
const mostHeldInAll = 24 << 20;

/** How much one registry was found to take at once: what was learnt with one blob serves all that follow. */
export class UploadLimits {
  #mostAtOnce: number;
  #isFragile = false;
  #holders = 0;

  /** `chunkSize` in bytes, where somebody said so. */
  constructor(chunkSize: number = Infinity) {
    this.#mostAtOnce = chunkSize;
  }

  /** Bytes of one request. */
  get mostAtOnce(): number {
    return this.#mostAtOnce;
  }

  /** Bytes that each blob may hold in memory. */
  get mostHeld(): number {
    return Math.min(mostHeld, Math.floor(mostHeldInAll / Math.max(1, this.#holders)));
  }

  /** To be disposed of by who holds nothing any more. */
  hold(): Disposable {
    this.#holders++;
    return { [Symbol.dispose]: () => void this.#holders-- };
  }

  /** Each part on a connection of its own, where a line takes only so much. */
  get headers(): Readonly<Record<string, string>> {
    return this.#isFragile ? { connection: "close" } : {};
  }

  /** So many bytes were too many for a registry, or for a proxy in front of it. False where fewer cannot be sent. */
  refused(length: number, chunkMinLength: number): boolean {
    const next = Math.min(this.#mostAtOnce, afterRefusal, Math.floor(length / 2));
    if (Math.max(next, chunkMinLength) >= length || next < smallest) return false;
    this.#mostAtOnce = next;
    return true;
  }

  /**
   * Connections break off, the last one after so many bytes, and the registry keeps nothing of them. Docker Distribution
   * (2.8) ends an upload for good when a request breaks off in its middle: there only chunks that come through help.
   */
  lost(length: number): void {
    if (length < 2 * smallest) return;
    this.#isFragile = true;
    this.#mostAtOnce = Math.min(this.#mostAtOnce, Math.floor(length / 2));
  }
}
