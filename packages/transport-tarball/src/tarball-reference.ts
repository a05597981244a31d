import type { ImageReference, ImageTransport, OperationOptions } from "@drayage/core";

import type { TarballSettings } from "./tarball-settings.ts";
import { TarballSource } from "./tarball-source.ts";

/** An image generated from tar files. */
export class TarballReference implements ImageReference {
  readonly transport: ImageTransport;
  /** The file of each layer, base layer first; `-` for standard input. */
  readonly files: readonly string[];
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  readonly policyConfigurationIdentity = undefined;
  readonly policyConfigurationNamespaces: readonly string[] = [];
  readonly #settings: TarballSettings;

  constructor(transport: ImageTransport, files: readonly string[], settings: TarballSettings) {
    this.transport = transport;
    this.files = files;
    this.stringWithinTransport = files.join(":");
    this.#settings = settings;
    Object.freeze(this);
  }

  async newImageSource(options?: OperationOptions): Promise<TarballSource> {
    return TarballSource.open(this, this.files, this.#settings, options);
  }
}
