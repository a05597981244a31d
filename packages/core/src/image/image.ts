import { readAll, maxManifestSize } from "../content/byte-stream.ts";
import { verified } from "../content/verified-blob.ts";
import type { BlobInfo, Descriptor } from "../contract/blob-info.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { chooseInstance } from "../manifest/choose-instance.ts";
import type {
  ManifestUpdateInformation,
  ManifestUpdateOptions,
} from "../manifest/edit-manifest.ts";
import { manifestDigestOf } from "../manifest/manifest-digest.ts";
import { blobsOf, isArtifact, isGenericConfigType, parseManifest } from "../manifest/manifest.ts";
import type { ImageManifest, Manifest, NamedBlob, Schema1Manifest } from "../manifest/manifest.ts";
import { toOCIConfig } from "../manifest/oci-config.ts";
import { hostPlatform } from "../manifest/platform.ts";
import type { Platform } from "../manifest/platform.ts";
import { requirePlatforms } from "../manifest/require-platforms.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import { schema2ConfigOf } from "../schema1/schema2-config.ts";
import { inspectInfoOf, inspectInfoOfSchema1, isImageConfig } from "./image-inspect-info.ts";
import type { ImageInspectInfo } from "./image-inspect-info.ts";
import { admit } from "./image-policy.ts";
import type { ImagePolicy } from "./image-policy.ts";
import { UnparsedImage } from "./unparsed-image.ts";
import type { VerifiedManifest } from "./unparsed-image.ts";
import { needsLayerDiffIDs, sizeOfImage, updatedManifest } from "./updated-image.ts";

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
  /** undefined for schema 1, which has no config. */
  readonly configInfo: Descriptor | undefined;
  /** The base layer first. A layer may appear twice. */
  readonly layerInfos: readonly NamedBlob[];
  /** The stored size of all blobs in bytes. A repeated blob counts once. undefined for schema 1. */
  readonly size: number | undefined;
  /** The verified bytes of the config, which is read once; undefined for schema 1. */
  configBlob(options?: OperationOptions): Promise<Uint8Array | undefined>;
  /**
   * The config in the OCI format (OCI image-spec, config.md). That of a schema 1 image is converted; its `diff_ids` are
   * empty strings.
   * @throws ImageError `unsupported` for an artifact
   */
  ociConfig(options?: OperationOptions): Promise<Uint8Array>;
  /** Summarises the config. @throws ImageError `unsupported` for an artifact */
  inspect(options?: OperationOptions): Promise<ImageInspectInfo>;
  /** Whether `updatedImage` requires `layerDiffIDs`: only to convert schema 1 to another type. */
  updatedImageNeedsLayerDiffIDs(options: ManifestUpdateOptions): boolean;
  /** Returns an edited copy. This image does not change. @throws ImageError `impossible-copy` */
  updatedImage(
    options: ManifestUpdateOptions,
    information?: ManifestUpdateInformation,
  ): Promise<Image>;
}

/** The options of `openImage`. */
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
): Promise<{ raw: VerifiedManifest; manifest: ImageManifest | Schema1Manifest }> {
  const manifest: Manifest = parseManifest(raw);
  switch (manifest.kind) {
    case "image":
    case "schema1":
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
  readonly #parsed: ImageManifest | Schema1Manifest;
  #config: Uint8Array | undefined;

  constructor(
    source: ImageSource,
    manifest: VerifiedManifest,
    instance: VerifiedManifest,
    parsed: ImageManifest | Schema1Manifest,
    isStored = true,
    config?: Uint8Array,
  ) {
    this.#config = config;
    this.#source = source;
    this.#parsed = parsed;
    this.manifest = manifest;
    this.instance = instance;
    this.reference = isStored ? source.reference : undefined;
  }

  get isMultiImage(): boolean {
    return this.manifest !== this.instance;
  }

  get configInfo(): Descriptor | undefined {
    return this.#parsed.kind === "image" ? this.#parsed.config : undefined;
  }

  get layerInfos(): readonly NamedBlob[] {
    return this.#parsed.kind === "image" ? this.#parsed.layers : blobsOf(this.#parsed);
  }

  get size(): number | undefined {
    return sizeOfImage(this.#parsed);
  }

  async configBlob(options: OperationOptions = {}): Promise<Uint8Array | undefined> {
    const { configInfo } = this;
    if (configInfo === undefined) return undefined;
    this.#config ??= await readConfig(this.#source, configInfo, options);
    return this.#config;
  }

  async ociConfig(options: OperationOptions = {}): Promise<Uint8Array> {
    if (this.#parsed.kind === "schema1") return toOCIConfig(configOfSchema1(this.#parsed)).bytes;
    return toOCIConfig(await this.#imageConfig(this.#parsed, options)).bytes;
  }

  async inspect(options: OperationOptions = {}): Promise<ImageInspectInfo> {
    if (this.#parsed.kind === "schema1") return inspectInfoOfSchema1(this.#parsed);
    return inspectInfoOf(await this.#imageConfig(this.#parsed, options), this.#parsed);
  }

  updatedImageNeedsLayerDiffIDs(options: ManifestUpdateOptions): boolean {
    return needsLayerDiffIDs(this.#parsed.mediaType, options);
  }

  async updatedImage(
    options: ManifestUpdateOptions,
    information: ManifestUpdateInformation = {},
  ): Promise<Image> {
    const stored = async (): Promise<Uint8Array | undefined> => this.configBlob();
    const { raw: edited, config = this.#config } = await updatedManifest(
      this.instance,
      this.#parsed,
      options,
      information,
      stored,
    );
    const parsed = parseManifest(edited) as ImageManifest | Schema1Manifest;
    const raw = { ...edited, digest: manifestDigestOf(edited) };
    return new ParsedImage(this.#source, raw, raw, parsed, false, config);
  }

  async #imageConfig(manifest: ImageManifest, options: OperationOptions): Promise<Uint8Array> {
    const { mediaType } = manifest.config;
    const isGeneric = isGenericConfigType(mediaType);
    if (isArtifact(manifest) && !isGeneric) throw notAnImage(manifest.artifactType);
    this.#config ??= await readConfig(this.#source, manifest.config, options);
    if (isGeneric && !isImageConfig(this.#config)) throw notAnImage(mediaType);
    return this.#config;
  }
}

/** The config of a schema 1 image. Its DiffIDs are empty, because they require reading the layers. */
function configOfSchema1(manifest: Schema1Manifest): Uint8Array {
  const layers = manifest.layers.filter(({ history }) => !history.isThrowaway);
  return schema2ConfigOf(
    manifest,
    layers.map(() => ""),
  );
}

async function readConfig(
  source: ImageSource,
  blob: BlobInfo & { readonly digest: Digest },
  options: OperationOptions,
): Promise<Uint8Array> {
  return readAll(verified(source.getBlob(blob, options), blob), maxManifestSize);
}
