import { readAll, maxManifestSize } from "../content/byte-stream.ts";
import { verified } from "../content/verified-blob.ts";
import type { BlobInfo, Descriptor } from "../contract/blob-info.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
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
import { admit } from "./image-policy.ts";
import type { ImagePolicy } from "./image-policy.ts";
import { UnparsedImage } from "./unparsed-image.ts";
import type { VerifiedManifest } from "./unparsed-image.ts";

/** A parsed image of one platform, from any source. */
export interface Image {
  /** undefined for the result of `updatedImage`, which is not stored. */
  readonly reference: ImageReference | undefined;
  /** The manifest that the reference names, which may be an index. */
  readonly manifest: VerifiedManifest;
  /** The manifest of this image. For an index, that of the selected instance. */
  readonly instance: VerifiedManifest;
  /** Whether the reference names an index. */
  readonly isMultiImage: boolean;
  readonly configInfo: Descriptor;
  /** The base layer first. A layer may appear twice. */
  readonly layerInfos: readonly Descriptor[];
  /** The stored size of all blobs in bytes. A repeated blob counts once. */
  readonly size: number;
  /** The verified bytes of the config. */
  configBlob(options?: OperationOptions): Promise<Uint8Array>;
  /** Summarises the config. @throws ImageError `unsupported` for an artifact */
  inspect(options?: OperationOptions): Promise<ImageInspectInfo>;
  /** Whether `updatedImage` requires the digests of the uncompressed layers: never for the formats that core writes. */
  updatedImageNeedsLayerDiffIDs(options: ManifestUpdateOptions): boolean;
  /** Returns an edited copy. This image does not change. @throws ImageError `impossible-copy` */
  updatedImage(options: ManifestUpdateOptions, information?: ManifestUpdateInformation): Image;
}

export interface OpenImageOptions extends OperationOptions {
  /** Which instance of an index to select. Default: the platform of this machine. */
  readonly platform?: Platform | undefined;
  /** Reject an image outside an index if its config is for another platform than `platform`. Default false. */
  readonly requirePlatform?: boolean | undefined;
  /** Checked before anything in the image is parsed. Default: every image is admitted. */
  readonly policy?: ImagePolicy | undefined;
}

/** Opens an image. Disposing of it closes its source. @throws ImageError */
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

/** Parses the image of an open source. The caller closes the source. */
export async function imageOf(source: ImageSource, options: OpenImageOptions = {}): Promise<Image> {
  const top = await admit(new UnparsedImage(source), options);
  const { raw, manifest } = await resolveInstance(source, top, options);
  const { platform, requirePlatform } = options;
  if (raw === top && requirePlatform && platform !== undefined)
    await requirePlatforms(source, manifest, [platform], options);
  return new ParsedImage(source, top, raw, manifest);
}

async function resolveInstance(
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
      return resolveInstance(source, instance, options, depth + 1);
    }
  }
}

/** The maximum nesting depth of indexes. */
const maxDepth = 8;

function tooDeep({ reference }: ImageSource): ImageError {
  return new ImageError(
    "invalid-manifest",
    `${imageName(reference)} has indexes nested more than ${maxDepth} levels deep; open the image by its digest`,
    { reference: imageName(reference) },
  );
}

function notAnImage(artifactType: string | undefined): ImageError {
  return new ImageError(
    "unsupported",
    `This is an artifact of type ${JSON.stringify(artifactType)}, not an image, so it has no config to inspect`,
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
    this.#config ??= await readConfig(this.#source, this.configInfo, options);
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

async function readConfig(
  source: ImageSource,
  blob: BlobInfo & { readonly digest: Digest },
  options: OperationOptions,
): Promise<Uint8Array> {
  return readAll(verified(source.getBlob(blob, options), blob), maxManifestSize);
}
