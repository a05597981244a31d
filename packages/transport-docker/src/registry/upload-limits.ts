/** Bytes. The size of requests is not reduced below this automatically. */
const minRequestSize = 1 << 20;
/** The first size after a request was rejected as too large. */
const sizeAfterRejection = 32 << 20;
/** The buffer of one blob, which has room for the parts that object stores write, and the buffers of all blobs. */
const maxBufferSize = 8 << 20;
const maxTotalBufferSize = 24 << 20;

/** The upload limits of one registry. Limits that one blob runs into apply to all later blobs. */
export class UploadLimits {
  #maxRequestSize: number;
  #closesConnections = false;
  #buffers = 0;

  /** `chunkSize`: the configured maximum of a request, in bytes. */
  constructor(chunkSize: number = Infinity) {
    this.#maxRequestSize = chunkSize;
  }

  /** The maximum size of one request, in bytes. */
  get maxRequestSize(): number {
    return this.#maxRequestSize;
  }

  /** The maximum size of the buffer of one blob, in bytes. */
  get maxBufferSize(): number {
    return Math.min(maxBufferSize, Math.floor(maxTotalBufferSize / Math.max(1, this.#buffers)));
  }

  /** Counts a buffer until disposal. */
  addBuffer(): Disposable {
    this.#buffers++;
    return { [Symbol.dispose]: () => void this.#buffers-- };
  }

  /** After lost requests, each request gets its own connection. */
  get headers(): Readonly<Record<string, string>> {
    return this.#closesConnections ? { connection: "close" } : {};
  }

  /**
   * Reduces the request size after a registry, or a proxy in front of it, rejected a request of this length. Returns
   * false if smaller requests are not possible.
   */
  reduceAfterRejection(length: number, chunkMinLength: number): boolean {
    const next = Math.min(this.#maxRequestSize, sizeAfterRejection, Math.floor(length / 2));
    if (Math.max(next, chunkMinLength) >= length || next < minRequestSize) return false;
    this.#maxRequestSize = next;
    return true;
  }

  /**
   * Reduces the request size after connections failed, the last one after this length, and the registry stored nothing.
   * Docker Distribution 2.8 cannot resume an upload after a failed request, so only complete chunks help.
   */
  reduceAfterLoss(length: number): void {
    if (length < 2 * minRequestSize) return;
    this.#closesConnections = true;
    this.#maxRequestSize = Math.min(this.#maxRequestSize, Math.floor(length / 2));
  }
}
