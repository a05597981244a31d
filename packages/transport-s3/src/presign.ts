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

/** Whom URLs are for. */
export interface PresignOptions extends OperationOptions {
  /** Seconds, from 1 to 604 800: a week. Temporary credentials may end earlier, and their URLs with them. Default 3600. */
  readonly expiresIn?: number | undefined;
  /** Of an index only the image for this one, without the index; one image alone must be for it. Default: all of it. */
  readonly platform?: Platform | undefined;
}

/** A part of an image, for whoever has the URL: plain data. */
export interface PresignedPart {
  readonly kind: ImagePart;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** For a GET, without any header that would have to be right. */
  readonly url: string;
  /** RFC 3339; until then the URL works, as far as is known. */
  readonly expires: string;
}

const longest = 604_800;

/**
 * URLs of all parts of an image, each once, with which anybody can read them for a while: manifests first, of an index
 * the index before its images. A layer that is elsewhere, as the image says, is left out.
 * @throws ImageError `not-found`; `unsupported` for an image in an archive; `denied` without credentials. RangeError for another time than is allowed
 */
export async function presign(
  reference: S3Reference,
  { expiresIn = 3600, platform, ...options }: PresignOptions = {},
): Promise<readonly PresignedPart[]> {
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > longest)
    throw new RangeError(`expiresIn is 1 to ${longest} seconds, and not ${expiresIn}`);
  refuseArchives(reference);
  const store = storeOf(reference);
  if (store.bucket(reference.bucket).connection.isAnonymous)
    throw new ImageError("denied", "Without credentials nothing can be signed; name some");
  const layout = new S3Layout(store, reference);
  await using source = await LayoutSource.open(reference, layout, selectorOf(reference), options);
  const parts = once(await partsOf(source, undefined, platform, options));
  const isPart = await Promise.all(parts.map(async (part) => isThere(part, layout, options)));
  return await Promise.all(
    parts
      .filter((_, at) => isPart[at])
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
function once(parts: readonly Part[]): readonly Part[] {
  const byDigest = new Map(parts.map((part) => [part.blob.digest, part]));
  const { manifest = [], other = [] } = Object.groupBy(byDigest.values(), ({ kind }) =>
    kind === "manifest" ? kind : "other",
  );
  return [...manifest, ...other];
}

/** A manifest and all that it names, or one of the images that it names. */
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
  const blobs = blobsOf(manifest).map((one): Part => ({ kind: "layer", blob: one }));
  const instances = instancesOf(manifest).map(async (entry) =>
    partsOf(source, entry.digest, undefined, options, seen),
  );
  return [own, ...blobs, ...(await Promise.all(instances)).flat()];
}

async function isThere(
  { blob: { digest, urls } }: Part,
  layout: S3Layout,
  options: OperationOptions,
): Promise<boolean> {
  return urls === undefined || (await storedSizeOf(layout, digest, options)) !== undefined;
}

/** No header but that of the host is signed: whoever asks need not know any other. */
async function signedURL(
  bucket: Bucket,
  key: string,
  expiresIn: number,
  options: OperationOptions,
): Promise<Pick<PresignedPart, "url" | "expires">> {
  return bucket.ask(
    "GetObject",
    key,
    async (client, sdk) => {
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const command = new sdk.GetObjectCommand({ Bucket: bucket.name, Key: key });
      command.middlewareStack.add(
        (next) => async (given) => {
          const { headers } = given.request as { readonly headers: Record<string, string> };
          for (const name of Object.keys(headers)) if (name !== "host") delete headers[name];
          return next(given);
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
    `s3://${bucket}/${prefix} is an archive, one object with all in it: any S3 tool presigns that`,
  );
}
