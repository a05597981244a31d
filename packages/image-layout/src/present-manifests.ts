import type {
  Descriptor,
  Digest,
  ReuseManifestOptions,
  Manifest,
  OperationOptions,
} from "@drayage/core";
import { isIndexMediaType } from "@drayage/core/manifest";

import { digestsUnder, isComplete } from "./image-tree.ts";
import type { LayoutWriter } from "./layout-store.ts";

/** The manifests that a layout already contains, so an image can include them without a write. */
export class PresentManifests {
  readonly #store: LayoutWriter;
  readonly #found = new Set<Digest>();
  /** Manifests that are present with everything they reference. */
  readonly #whole = new Set<Digest>();
  /** Present manifests that the image references. */
  readonly #needed = new Map<Digest, Descriptor>();

  constructor(store: LayoutWriter) {
    this.#store = store;
  }

  /** As `ImageDestination.tryReusingManifest`. */
  async has(digest: Digest, options: ReuseManifestOptions): Promise<boolean> {
    const { presence } = this.#store;
    const isPresent = presence
      ? await presence.hasManifest(digest, options)
      : await isComplete(this.#store, { digest }, options);
    if (isPresent) this.#found.add(digest);
    return isPresent;
  }

  /** Called after a manifest was put. Returns whether it is an index with all its instances present. */
  isWholeIndex(stored: Descriptor, manifest: Manifest): boolean {
    const named = manifest.kind === "index" ? manifest.manifests : [];
    for (const descriptor of [stored, ...named])
      if (this.#found.has(descriptor.digest)) this.#needed.set(descriptor.digest, descriptor);
    const isPresent = ({ digest, mediaType }: Descriptor): boolean =>
      this.#whole.has(digest) || (this.#found.has(digest) && !isIndexMediaType(mediaType));
    const isWhole = named.every(isPresent);
    if (isWhole) this.#whole.add(stored.digest);
    return isWhole && manifest.kind === "index";
  }

  /** The present manifests that the image references, with everything they reference. */
  async findNeeded(options: OperationOptions): Promise<ReadonlySet<Digest>> {
    return digestsUnder(this.#store, [...this.#needed.values()], options);
  }

  /** A needed manifest that was deleted, or that lost a blob; undefined if there is none. */
  async findLost(options: OperationOptions): Promise<Digest | undefined> {
    for (const [digest, descriptor] of this.#needed)
      if (!(await isComplete(this.#store, descriptor, options))) return digest;
    return undefined;
  }
}
