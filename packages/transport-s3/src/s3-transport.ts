import { refuseArchive } from "./archive/s3-archive.ts";
import { collectGarbage } from "./layout/collect-garbage.ts";
import { S3Store } from "./layout/s3-store.ts";
import { parseS3Location, validateS3Scope } from "./s3-location.ts";
import { S3Reference } from "./s3-reference.ts";
import type { S3Transport } from "./s3-reference.ts";
import type { S3Settings } from "./s3-settings.ts";

/**
 * The transport of `s3://BUCKET/PREFIX[:TAG][@DIGEST]`, images in OCI image layouts in buckets, and of
 * `s3://BUCKET/KEY.tar[:NAME|:@N]`, images in archives (read-only). All references of one `s3()` share connections and
 * probe results.
 */
export function s3(settings: S3Settings = {}): S3Transport {
  const store = new S3Store(settings);
  const transport: S3Transport = {
    name: "s3",
    parseReference: (text) => new S3Reference(transport, parseS3Location(text), store),
    validatePolicyConfigurationScope: validateS3Scope,
    async collectGarbage(reference, options = {}) {
      refuseArchive(reference, "contains only its images");
      return collectGarbage(store, reference, options);
    },
  };
  return Object.freeze(transport);
}
