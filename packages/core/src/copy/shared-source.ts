import { BlobSpool, SpoolFailure, SpoolSpace } from "../content/blob-spool.ts";
import { sliced } from "../content/byte-stream.ts";
import type { BlobInfo } from "../contract/blob-info.ts";
import type { ByteRange } from "../contract/byte-range.ts";
import type {
  GetBlobOptions,
  ImageSource,
  Referrer,
  ReferrersOptions,
} from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Signature } from "../contract/signature.ts";
import type { Digest } from "../names/digest.ts";
import { BlobNeeds } from "./blob-needs.ts";
import type { CopyEvent } from "./copy-event.ts";

/** The default limit of temporary files, in bytes. */
const defaultSpace = 4 * 1024 ** 3;

/** A blob that is read once for several copies. */
interface SharedBlob {
  readonly spool: BlobSpool;
  readonly stop: AbortController;
}

/** A shared source as one copy sees it. */
export interface SharedView {
  /** Its disposal ends the copy, and leaves the shared source open. */
  readonly source: ImageSource;
  /** Receives the events of the copy, which show what it still reads. */
  readonly observe: (event: CopyEvent) => void;
}

/** Settings of a `SharedSource`. */
export interface SharedSourceSettings {
  /** The limit of temporary files together, in bytes. A blob beyond it is read once for each copy. */
  readonly spoolLimit?: number | undefined;
}

/**
 * A source that several copies read at the same time. Each manifest and each blob is requested once: the first copy that
 * needs a blob starts to read it, into memory or a temporary file, from which all copies read at their own speed. So a
 * slow or failing copy does not stop the others. Sources on this machine are read by each copy.
 */
export class SharedSource implements AsyncDisposable {
  readonly #source: ImageSource;
  readonly #space: SpoolSpace;
  readonly #signal: AbortSignal | undefined;
  /** The copies that have not ended, and what each may still read. */
  readonly #copies = new Map<object, BlobNeeds>();
  readonly #blobs = new Map<Digest, SharedBlob>();
  readonly #unusable: BlobSpool[] = [];
  /** Spools that are being removed. */
  readonly #discarded = new Set<Promise<void>>();
  readonly #answers = new Map<string, Promise<unknown>>();

  constructor(
    source: ImageSource,
    { spoolLimit = defaultSpace }: SharedSourceSettings = {},
    signal?: AbortSignal,
  ) {
    this.#source = source;
    this.#space = new SpoolSpace(spoolLimit);
    this.#signal = signal;
  }

  /** The view of one copy. */
  view(): SharedView {
    const copy = {};
    const needs = new BlobNeeds();
    this.#copies.set(copy, needs);
    const observe = (event: CopyEvent): void => {
      needs.observe(event);
      this.#discardUnneeded();
    };
    return { source: this.#sourceFor(copy), observe };
  }

  #sourceFor(copy: object): ImageSource {
    const source = this.#source;
    return {
      reference: source.reference,
      offers: source.offers,
      getManifest: async (instance, options) =>
        this.#once(`manifest ${instance}`, options, async (once): Promise<RawManifest> =>
          source.getManifest(instance, once),
        ),
      getBlob: (blob, options) => this.#getBlob(copy, blob, options),
      ...(source.locateBlob && { locateBlob: source.locateBlob.bind(source) }),
      ...(source.statBlob && { statBlob: source.statBlob.bind(source) }),
      ...(source.getSignatures && {
        getSignatures: async (instance?: Digest, options?: OperationOptions) =>
          this.#once(
            `signatures ${instance}`,
            options,
            async (once): Promise<readonly Signature[]> => {
              const signatures = await source.getSignatures?.(instance, once);
              return signatures ?? [];
            },
          ),
      }),
      ...(source.getReferrers && {
        getReferrers: (subject: Digest, options?: ReferrersOptions) =>
          this.#getReferrers(subject, options),
      }),
      [Symbol.asyncDispose]: async () => this.#end(copy),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#copies.clear();
    this.#discardUnneeded();
    await Promise.all(this.#discarded);
    for (const spool of this.#unusable) await spool[Symbol.asyncDispose]();
    await this.#source[Symbol.asyncDispose]();
  }

  async *#getReferrers(
    subject: Digest,
    options: ReferrersOptions = {},
  ): AsyncGenerator<Referrer, void, undefined> {
    const { artifactType } = options;
    yield* await this.#once(`referrers ${subject} ${artifactType}`, options, async (once) => {
      const found: Referrer[] = [];
      const list = this.#source.getReferrers?.(subject, { ...once, artifactType }) ?? [];
      for await (const referrer of list) found.push(referrer);
      return found;
    });
  }

  /** Asks the source once for all copies. Failures are not kept. */
  async #once<Answer>(
    key: string,
    options: OperationOptions = {},
    ask: (options: OperationOptions) => Promise<Answer>,
  ): Promise<Answer> {
    options.signal?.throwIfAborted();
    let answer = this.#answers.get(key) as Promise<Answer> | undefined;
    if (answer === undefined) {
      answer = ask({ ...options, signal: this.#signal });
      this.#answers.set(key, answer);
      answer.catch(() => this.#answers.delete(key));
    }
    return answer;
  }

  async *#getBlob(
    copy: object,
    blob: BlobInfo,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { range = { start: 0 }, ...rest } = options;
    const shared = this.#sharedBlob(copy, blob, options);
    if (shared === undefined) {
      yield* this.#source.getBlob(blob, options);
      return;
    }
    let position = range.start;
    try {
      for await (const chunk of sliced(shared.spool.read(options.signal), range)) {
        position += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      this.#discardUnusable(blob.digest);
      if (!(error instanceof SpoolFailure)) throw error;
      yield* this.#readFrom(blob, rest, { ...range, start: position });
    }
  }

  /** The shared blob; undefined if the copy reads it by itself. */
  #sharedBlob(copy: object, blob: BlobInfo, options: GetBlobOptions): SharedBlob | undefined {
    const { digest, size } = blob;
    const { isLocal = false } = this.#source.offers;
    if (isLocal || digest === undefined || size === undefined) return undefined;
    const existing = this.#blobs.get(digest);
    if (existing !== undefined) return existing;
    if (options.range !== undefined) return undefined;
    const readers = [...this.#copies.values()].filter((needs) => needs.mayRead(digest));
    if (readers.length < 2 || this.#copies.get(copy)?.mayRead(digest) !== true) return undefined;
    const stop = new AbortController();
    const signals = [stop.signal, ...(this.#signal ? [this.#signal] : [])];
    const { retries, onNotice } = options;
    const reading = { retries, onNotice, signal: AbortSignal.any(signals) };
    const spool = BlobSpool.start(this.#source.getBlob(blob, reading), size, this.#space);
    if (spool === undefined) return undefined;
    const shared = { spool, stop };
    this.#blobs.set(digest, shared);
    return shared;
  }

  /** Reads from the source itself. */
  #readFrom(blob: BlobInfo, options: GetBlobOptions, range: ByteRange): AsyncIterable<Uint8Array> {
    const isWhole = range.start === 0 && range.end === undefined;
    if (!isWhole && this.#source.offers.ranges)
      return this.#source.getBlob(blob, { ...options, range });
    return sliced(this.#source.getBlob(blob, options), range);
  }

  /** A later attempt reads the blob again. */
  #discardUnusable(digest: Digest | undefined): void {
    const shared = digest === undefined ? undefined : this.#blobs.get(digest);
    if (digest === undefined || shared === undefined || shared.spool.isUsable) return;
    this.#blobs.delete(digest);
    // Other copies may still read what arrived.
    this.#unusable.push(shared.spool);
  }

  /** Frees the space of the blobs that no copy may read any more. */
  #discardUnneeded(): void {
    const copies = [...this.#copies.values()];
    for (const [digest, shared] of this.#blobs) {
      if (!copies.some((needs) => needs.mayRead(digest))) this.#discard(digest, shared);
    }
  }

  #discard(digest: Digest, { spool, stop }: SharedBlob): void {
    this.#blobs.delete(digest);
    stop.abort();
    const discarded = spool[Symbol.asyncDispose]().catch(() => {});
    this.#discarded.add(discarded);
    discarded.finally(() => this.#discarded.delete(discarded)).catch(() => {});
  }

  #end(copy: object): void {
    this.#copies.delete(copy);
    this.#discardUnneeded();
  }
}
