import type { Descriptor } from "./blob-info.ts";

/** Encrypts layers: `layerEncrypter` of `@drayage/encryption`, or a key service. */
export interface LayerEncrypter {
  /** Encrypts a layer with a new key. The copy calls it once for each layer, and again for each retry. */
  encrypt(bytes: AsyncIterable<Uint8Array>): EncryptedLayer;
}

/** A layer that is encrypted while it is read. */
export interface EncryptedLayer {
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * The annotations that the layer needs to be decrypted, such as wrapped keys. The copy calls it once `bytes` were read to
   * the end. Their names start with `org.opencontainers.image.enc.`: a copy that decrypts removes all of these.
   */
  annotations(): Promise<Readonly<Record<string, string>>>;
}

/** Decrypts layers: `layerDecrypter` of `@drayage/encryption`, or a key service. */
export interface LayerDecrypter {
  /**
   * Decrypts a layer. The result fails before its end unless all bytes are authentic, and holds back the last chunk until
   * then, so a reader that reaches the end has read only authentic bytes.
   * @throws ImageError `denied` if no key fits, `digest-mismatch` if the bytes are not authentic
   */
  decrypt(bytes: AsyncIterable<Uint8Array>, layer: Descriptor): Promise<AsyncIterable<Uint8Array>>;
}
