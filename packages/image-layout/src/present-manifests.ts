import type {
  Descriptor,
  Digest,
  ReuseManifestOptions,
  Manifest,
  OperationOptions,
} from "@drayage/core";
import { isIndexMediaType } from "@drayage/core/manifest";

import { digestsUnder, isWhole } from "./image-tree.ts";
import type { LayoutWriter } from "./layout-store.ts";

/** The manifests that a layout has already and that need not be put for an image to have them. */
export class PresentManifests {
  readonly #store: LayoutWriter;
  readonly #found = new Set<Digest>();
  /** Of which all is there, put or found. */
  readonly #whole = new Set<Digest>();
  /** Those that the image relies on. */
  readonly #needed = new Map<Digest, Descriptor>();

  constructor(store: LayoutWriter) {
    this.#store = store;
  }

  /** As `ImageDestination.tryReusingManifest`. */
  async has(digest: Digest, options: ReuseManifestOptions): Promise<boolean> {
    const isThere = this.#store.hasManifest
      ? await this.#store.hasManifest(digest, options)
      : await isWhole(this.#store, { digest }, options);
    if (isThere) this.#found.add(digest);
    return isThere;
  }

  /** After a manifest was put: whether it is an index of which all is there. */
  isWholeIndex(stored: Descriptor, manifest: Manifest): boolean {
    const named = manifest.kind === "index" ? manifest.manifests : [];
    for (const one of [stored, ...named])
      if (this.#found.has(one.digest)) this.#needed.set(one.digest, one);
    const isThere = ({ digest, mediaType }: Descriptor): boolean =>
      this.#whole.has(digest) || (this.#found.has(digest) && !isIndexMediaType(mediaType));
    const isComplete = named.every(isThere);
    if (isComplete) this.#whole.add(stored.digest);
    return isComplete && manifest.kind === "index";
  }

  /** For stores that have to be told what stays. */
  async keep(options: OperationOptions): Promise<void> {
    if (this.#store.keepBlob === undefined) return;
    const digests = await digestsUnder(this.#store, [...this.#needed.values()], options);
    for (const digest of digests) this.#store.keepBlob(digest);
  }

  /** One that is not there any more, or not all that it names; undefined where all is. */
  async findLost(options: OperationOptions): Promise<Digest | undefined> {
    for (const [digest, descriptor] of this.#needed)
      if (!(await isWhole(this.#store, descriptor, options))) return digest;
    return undefined;
  }
}
