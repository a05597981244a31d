import type { S3Client } from "@aws-sdk/client-s3";
import { ImageError, UnparsedImage } from "@drayage/core";
import type { Descriptor, Digest, OperationOptions, Platform } from "@drayage/core";
import {
  blobsOf,
  chooseInstance,
  instancesOf,
  parseManifest,
  requirePlatforms,
} from "@drayage/core/manifest";
import type { ImagePart } from "@drayage/core/verify";
import { LayoutSource, storedSizeOf } from "@drayage/image-layout";

import type { Bucket } from "./client/bucket.ts";
import { S3Layout } from "./layout/s3-layout.ts";
import { isArchive, selectorOf } from "./s3-location.ts";
import { storeOf } from "./s3-reference.ts";
import type { S3Reference } from "./s3-reference.ts";

/** Options of presigned URLs. */
export interface PresignOptions extends OperationOptions {
  /** The validity in seconds, from 1 to 604 800 (a week). Temporary credentials may expire earlier. Default 3600. */
  readonly expiresIn?: number | undefined;
  /** Selects the image for this platform from an index. Default: the index and all its images. */
  readonly platform?: Platform | undefined;
}

/** A part of an image with its presigned URL. */
export interface PresignedPart {
  readonly kind: ImagePart;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** For a GET request without special headers. */
  readonly url: string;
  /** When the URL expires (RFC 3339). It may stop working earlier if its credentials are revoked. */
  readonly expires: string;
}

/** Seconds. */
const maxExpiresIn = 604_800;

/**
 * Creates URLs for all parts of an image, without duplicates. Everyone who has a URL can read the part until it expires.
 * The order is the index, the manifests, then blobs. External layers are omitted.
 * @throws ImageError `not-found`; `unsupported` for an image in an archive; `denied` without credentials. RangeError for an invalid `expiresIn`
 */
export async function presign(
  reference: S3Reference,
  { expiresIn = 3600, platform, ...options }: PresignOptions = {},
): Promise<readonly PresignedPart[]> {
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > maxExpiresIn)
    throw new RangeError(
      `expiresIn must be from 1 to ${maxExpiresIn} seconds, and not ${expiresIn}`,
    );
  refuseArchives(reference);
  const store = storeOf(reference);
  if (store.bucket(reference.bucket).connection.isAnonymous)
    throw new ImageError(
      "denied",
      "Cannot sign URLs without credentials; set credentials other than anonymous",
    );
  const layout = new S3Layout(store, reference);
  await using source = await LayoutSource.open(reference, layout, selectorOf(reference), options);
  const parts = withoutDuplicates(await partsOf(source, undefined, platform, options));
  const isPresent = await Promise.all(
    parts.map(async (part) => isPresentPart(part, layout, options)),
  );
  return await Promise.all(
    parts
      .filter((_, index) => isPresent[index])
      .map(async ({ kind, blob: { mediaType, size, digest } }) => {
        const { bucket, key } = layout.objectOf(digest);
        const signed = await signedURL(store.bucket(bucket), key, expiresIn, options);
        return { kind, mediaType, size, digest, ...signed };
      }),
  );
}

interface Part {
  readonly kind: ImagePart;
  readonly blob: Descriptor;
}

/** Each digest once, manifests first. */
function withoutDuplicates(parts: readonly Part[]): readonly Part[] {
  const byDigest = new Map(parts.map((part) => [part.blob.digest, part]));
  const { manifest = [], other = [] } = Object.groupBy(byDigest.values(), ({ kind }) =>
    kind === "manifest" ? kind : "other",
  );
  return [...manifest, ...other];
}

/** The parts of a manifest and of everything it references or, with a platform, of the image for it. */
async function partsOf(
  source: LayoutSource,
  instance: Digest | undefined,
  platform: Platform | undefined,
  options: OperationOptions,
  seen: Set<Digest> = new Set(),
): Promise<readonly Part[]> {
  const raw = await new UnparsedImage(source, instance).manifest(options);
  if (seen.has(raw.digest)) return [];
  seen.add(raw.digest);
  const manifest = parseManifest(raw);
  if (manifest.kind === "index" && platform !== undefined)
    return partsOf(source, chooseInstance(manifest, platform).digest, platform, options, seen);
  const isAlone = instance === undefined && manifest.kind === "image";
  if (isAlone && platform !== undefined)
    await requirePlatforms(source, manifest, [platform], options);
  const { digest, bytes } = raw;
  const blob = { digest, size: bytes.byteLength, mediaType: manifest.mediaType };
  const own: Part = { kind: "manifest", blob };
  if (manifest.kind === "image") {
    const layers = manifest.layers.map((layer): Part => ({ kind: "layer", blob: layer }));
    return [own, { kind: "config", blob: manifest.config }, ...layers];
  }
  // No bucket stores schema 1.
  const named = manifest.kind === "schema1" ? [] : blobsOf(manifest);
  const blobs = named.map((descriptor): Part => ({ kind: "layer", blob: descriptor }));
  const instances = instancesOf(manifest).map(async (entry) =>
    partsOf(source, entry.digest, undefined, options, seen),
  );
  return [own, ...blobs, ...(await Promise.all(instances)).flat()];
}

async function isPresentPart(
  { blob: { digest, urls } }: Part,
  layout: S3Layout,
  options: OperationOptions,
): Promise<boolean> {
  return urls === undefined || (await storedSizeOf(layout, digest, options)) !== undefined;
}

/** Signs only the `host` header, so a client needs no other header. */
async function signedURL(
  bucket: Bucket,
  key: string,
  expiresIn: number,
  options: OperationOptions,
): Promise<Pick<PresignedPart, "url" | "expires">> {
  return bucket.send(
    "GetObject",
    key,
    async (client, sdk) => {
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const command = new sdk.GetObjectCommand({ Bucket: bucket.name, Key: key });
      command.middlewareStack.add(
        (next) => async (args) => {
          const { headers } = args.request as { readonly headers: Record<string, string> };
          for (const name of Object.keys(headers)) if (name !== "host") delete headers[name];
          return next(args);
        },
        { step: "build", priority: "low" },
      );
      const signingDate = new Date(Math.floor(Date.now() / 1000) * 1000);
      const url = await getSignedUrl(client, command, { expiresIn, signingDate });
      const end = new Date(signingDate.getTime() + expiresIn * 1000);
      return { url, expires: (await earlier(end, client)).toISOString() };
    },
    options,
  );
}

async function earlier(end: Date, client: S3Client): Promise<Date> {
  const { expiration = end } = await client.config.credentials();
  return expiration < end ? expiration : end;
}

function refuseArchives(reference: S3Reference): void {
  if (!isArchive(reference)) return;
  const { bucket, prefix } = reference;
  throw new ImageError(
    "unsupported",
    `s3://${bucket}/${prefix} is an archive, which is a single object; presign it with any S3 tool`,
  );
}
