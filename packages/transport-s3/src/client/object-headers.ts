import type { S3Settings } from "../s3-settings.ts";
import type { ObjectHeaders } from "./bucket.ts";

/** The headers of a blob, which never changes and may have a cheaper storage class. */
export function blobHeaders(settings: S3Settings, mediaType: string | undefined): ObjectHeaders {
  const { storageClass, cacheControl = "max-age=31536000, immutable" } = settings;
  return {
    ...encryptionOf(settings),
    ContentType: mediaType ?? "application/octet-stream",
    CacheControl: cacheControl,
    ...(storageClass !== undefined && {
      StorageClass: storageClass as NonNullable<ObjectHeaders["StorageClass"]>,
    }),
  };
}

/** The headers of `index.json` and other files that change. */
export function fileHeaders(settings: S3Settings, mediaType: string): ObjectHeaders {
  return { ...encryptionOf(settings), ContentType: mediaType, CacheControl: "no-cache" };
}

function encryptionOf({ encryption }: S3Settings): ObjectHeaders {
  if (encryption === undefined) return {};
  const keyId = encryption.algorithm === "AES256" ? undefined : encryption.keyId;
  return {
    ServerSideEncryption: encryption.algorithm,
    ...(keyId !== undefined && { SSEKMSKeyId: keyId }),
  };
}
