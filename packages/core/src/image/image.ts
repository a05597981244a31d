import { readAll, maxManifestSize } from "../content/byte-stream.ts";
import { verified } from "../content/verified-blob.ts";
import type { BlobInfo, Descriptor } from "../contract/blob-info.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { admit } from "../copy/admit-image.ts";
import type { ImagePolicy } from "../copy/copy-options.ts";
import { chooseInstance } from "../manifest/choose-instance.ts";
import { editManifest } from "../manifest/edit-manifest.ts";
import type {
  ManifestUpdateInformation,
  ManifestUpdateOptions,
} from "../manifest/edit-manifest.ts";
import { isArtifact, isGenericConfigType, parseManifest } from "../manifest/manifest.ts";
import type { ImageManifest, Manifest } from "../manifest/manifest.ts";
import { hostPlatform } from "../manifest/platform.ts";
import type { Platform } from "../manifest/platform.ts";
import { requirePlatforms } from "../manifest/require-platforms.ts";
import { digestOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import { inspectInfoOf, isImageConfig } from "./image-inspect-info.ts";
import type { ImageInspectInfo } from "./image-inspect-info.ts";
import { UnparsedImage } from "./unparsed-image.ts";
import type { VerifiedManifest } from "./unparsed-image.ts";

/** One image of one platform, parsed; made by core for any source. */
export interface Image {
  /** undefined for an image that exists in memory only. */
  readonly reference: ImageReference | undefined;
  /** What the reference names: an index where it names one. */
  readonly manifest: VerifiedManifest;
  /** The manifest of this image itself; that of the chosen instance where the reference names an index. */
  readonly instance: VerifiedManifest;
  /** Whether the reference names an index. */
  readonly isMultiImage: boolean;
  readonly configInfo: Descriptor;
  /** The root first; the same layer may be there twice. */
  readonly layerInfos: readonly Descriptor[];
  /** What all blobs weigh as they are stored, in bytes; one that is there twice counts once. */
  readonly size: number;
  /** The config exactly as stored, verified. */
  configBlob(options?: OperationOptions): Promise<Uint8Array>;
  /** @throws ImageError `unsupported` for an artifact */
  inspect(options?: OperationOptions): Promise<ImageInspectInfo>;
  /** Whether `updatedImage` would need the digests of the unpacked layers: never for the formats that core writes. */
  updatedImageNeedsLayerDiffIDs(options: ManifestUpdateOptions): boolean;
  /** The image as it would be with the edits; this one stays as it is. @throws ImageError `impossible-copy` */
  updatedImage(options: ManifestUpdateOptions, information?: ManifestUpdateInformation): Image;
}

export interface OpenImageOptions extends OperationOptions {
  /** Which instance of an index. Default: this machine's. */
  readonly platform?: Platform | undefined;
  /** Refuse an image that no index lists where its config is for another platform than `platform`. Default false. */
  readonly requirePlatform?: boolean | undefined;
  /** Asked before anything in the image is parsed. Default: every image is admitted. */
  readonly policy?: ImagePolicy | undefined;
}

/** Opens the image that a reference names; dispose of it to close the source. @throws ImageError */
export async function openImage(
  reference: ImageReference,
  options: OpenImageOptions = {},
): Promise<Image & AsyncDisposable> {
  const source = await reference.newImageSource(options);
  try {
    const image = await imageOf(source, options);
    return Object.assign(image, { [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() });
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

/** The image in a source that stays open and somebody else's. */
export async function imageOf(source: ImageSource, options: OpenImageOptions = {}): Promise<Image> {
  const top = await admit(new UnparsedImage(source), options);
  const { raw, manifest } = await resolved(source, top, options);
  const { platform, requirePlatform } = options;
  if (raw === top && requirePlatform && platform !== undefined)
    await requirePlatforms(source, manifest, [platform], options);
  return new ParsedImage(source, top, raw, manifest);
}

async function resolved(
  source: ImageSource,
  raw: VerifiedManifest,
  options: OpenImageOptions,
  depth = 0,
): Promise<{ raw: VerifiedManifest; manifest: ImageManifest }> {
  const manifest: Manifest = parseManifest(raw);
  switch (manifest.kind) {
    case "image":
      return { raw, manifest };
    case "artifact":
      throw notAnImage(manifest.artifactType);
    case "index": {
      if (depth >= maxDepth) throw tooDeep(source);
      const { digest, size } = chooseInstance(manifest, options.platform ?? hostPlatform());
      const instance = await admit(new UnparsedImage(source, digest, size), options);
      return resolved(source, instance, options, depth + 1);
    }
  }
}

/** How deep indexes may be nested. */
const maxDepth = 8;

function tooDeep({ reference }: ImageSource): ImageError {
  return new ImageError(
    "invalid-manifest",
    `${imageName(reference)} has indexes that are nested more than ${maxDepth} levels deep: name the image in it by its digest`,
    { reference: imageName(reference) },
  );
}

function notAnImage(artifactType: string | undefined): ImageError {
  return new ImageError(
    "unsupported",
    `This is an artifact of type ${JSON.stringify(artifactType)}, not an image: it has no config to inspect`,
  );
}

class ParsedImage implements Image {
  readonly manifest: VerifiedManifest;
  readonly instance: VerifiedManifest;
  readonly reference: ImageReference | undefined;
  readonly #source: ImageSource;
  readonly #parsed: ImageManifest;
  #config: Uint8Array | undefined;

  constructor(
    source: ImageSource,
    manifest: VerifiedManifest,
    instance: VerifiedManifest,
    parsed: ImageManifest,
    isStored = true,
  ) {
    this.#source = source;
    this.#parsed = parsed;
    this.manifest = manifest;
    this.instance = instance;
    this.reference = isStored ? source.reference : undefined;
  }

  get isMultiImage(): boolean {
    return this.manifest !== this.instance;
  }

  get configInfo(): Descriptor {
    return this.#parsed.config;
  }

  get layerInfos(): readonly Descriptor[] {
    return this.#parsed.layers;
  }

  get size(): number {
    const sizes = new Map<Digest, number>();
    for (const { digest, size } of [this.configInfo, ...this.layerInfos]) sizes.set(digest, size);
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async configBlob(options: OperationOptions = {}): Promise<Uint8Array> {
    this.#config ??= await smallBlob(this.#source, this.configInfo, options);
    return this.#config;
  }

  async inspect(options: OperationOptions = {}): Promise<ImageInspectInfo> {
    const { mediaType } = this.configInfo;
    const isGeneral = isGenericConfigType(mediaType);
    if (isArtifact(this.#parsed) && !isGeneral) throw notAnImage(this.#parsed.artifactType);
    const config = await this.configBlob(options);
    if (isGeneral && !isImageConfig(config)) throw notAnImage(mediaType);
    return inspectInfoOf(config, this.#parsed);
  }

  updatedImageNeedsLayerDiffIDs(_options: ManifestUpdateOptions): boolean {
    return false;
  }

  updatedImage(options: ManifestUpdateOptions, _information?: ManifestUpdateInformation): Image {
    const edited = editManifest(this.instance, options);
    const parsed = parseManifest(edited) as ImageManifest;
    const raw = { ...edited, digest: digestOf(edited.bytes) };
    return new ParsedImage(this.#source, raw, raw, parsed, false);
  }
}

async function smallBlob(
  source: ImageSource,
  blob: BlobInfo & { readonly digest: Digest },
  options: OperationOptions,
): Promise<Uint8Array> {
  return readAll(verified(source.getBlob(blob, options), blob), maxManifestSize);
}
