import type { Descriptor } from "../contract/blob-info.ts";
import type {
  EncryptedLayer,
  LayerDecrypter,
  LayerEncrypter,
} from "../contract/layer-encryption.ts";
import { decryptedLayerType, encryptedLayerType } from "../manifest/layer-media-types.ts";
import { ImageError } from "../names/image-error.ts";
import type { BlobTransform } from "./blob-transform.ts";
import type { ExecuteOptions } from "./copy-options.ts";

/** What was done to a layer, for its descriptor. */
export type LayerEncryptionResult =
  | { readonly kind: "decrypted" }
  | { readonly kind: "encrypted"; readonly annotations: Readonly<Record<string, string>> };

/** Whether a transform decrypts or encrypts a layer. */
export function changesEncryption(transform: BlobTransform): boolean {
  return transform.kind === "layer" && (transform.decrypt === true || transform.encrypt === true);
}

/** The media type of a layer after the first part of a transform, which may decrypt it. */
export function typeAfterDecryption(mediaType: string, transform: BlobTransform): string {
  const decrypts = transform.kind === "layer" && transform.decrypt === true;
  return decrypts ? decryptedLayerType(mediaType) : mediaType;
}

/** The media type of a layer after the last part of a transform, which may encrypt it. */
export function typeAfterEncryption(mediaType: string, transform: BlobTransform): string {
  const encrypts = transform.kind === "layer" && transform.encrypt === true;
  return encrypts ? (encryptedLayerType(mediaType) ?? mediaType) : mediaType;
}

/** The decrypter for a transform; undefined if it does not decrypt. @throws ImageError `impossible-copy` */
export function decrypterFor(
  transform: BlobTransform,
  { decryption }: ExecuteOptions,
): LayerDecrypter | undefined {
  if (transform.kind !== "layer" || !transform.decrypt) return undefined;
  return decryption ?? missing("decrypts", "decryption");
}

/** The encrypter for a transform; undefined if it does not encrypt. @throws ImageError `impossible-copy` */
export function encrypterFor(
  transform: BlobTransform,
  { encryption }: ExecuteOptions,
): LayerEncrypter | undefined {
  if (transform.kind !== "layer" || !transform.encrypt) return undefined;
  return encryption?.encrypter ?? missing("encrypts", "encryption");
}

/** The media type of a layer before it was encrypted or after it was decrypted. */
export function typeBeforeEncryption(
  mediaType: string,
  encryption: LayerEncryptionResult | undefined,
): string {
  return encryption?.kind === "decrypted" ? decryptedLayerType(mediaType) : mediaType;
}

/** What was done to a layer, once its bytes were written. */
export async function encryptionResultOf(
  decrypter: LayerDecrypter | undefined,
  encrypted: EncryptedLayer | undefined,
): Promise<LayerEncryptionResult | undefined> {
  if (encrypted !== undefined)
    return { kind: "encrypted", annotations: await encrypted.annotations() };
  return decrypter === undefined ? undefined : { kind: "decrypted" };
}

/** The descriptor of a written layer with the media type and the annotations of its encryption. */
export function withEncryptionResult(
  layer: Descriptor,
  encryption: LayerEncryptionResult | undefined,
): Descriptor {
  if (encryption === undefined) return layer;
  const kept = Object.entries(layer.annotations ?? {}).filter(
    ([name]) => !name.startsWith(encryptionPrefix),
  );
  const annotations = Object.fromEntries(kept);
  switch (encryption.kind) {
    case "decrypted":
      return { ...layer, annotations };
    case "encrypted":
      return {
        ...layer,
        mediaType: encryptedLayerType(layer.mediaType) ?? layer.mediaType,
        annotations: { ...annotations, ...encryption.annotations },
      };
  }
}

const encryptionPrefix = "org.opencontainers.image.enc.";

function missing(verb: string, option: string): never {
  throw new ImageError(
    "impossible-copy",
    `The plan ${verb} layers, but it is executed without the option ${option}; pass it to executeCopy too`,
  );
}
