import type { DigestAlgorithm } from "@drayage/core";

import type { RegistryAuthentication } from "./access/authentication.ts";
import type { ResponseHooks } from "./http/exchange.ts";

/** The behaviour of a registry. By default it is as strict and as complete as OCI distribution-spec 1.1 allows. */
export interface RegistrySettings extends ResponseHooks {
  /** The default is `127.0.0.1`. */
  readonly hostname?: string | undefined;
  /** The default is a free port. */
  readonly port?: number | undefined;
  /** The PEM certificate and key for HTTPS. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** Users and their rights. By default every client has all rights. */
  readonly authentication?: RegistryAuthentication | undefined;
  /** Stores blobs as files in this folder instead of in memory. Existing files are not served. */
  readonly folder?: string | undefined;
  /** The form of `Location` and `Link`. The default is `relative`. */
  readonly locations?: "relative" | "absolute" | undefined;
  /** Redirects each GET of a blob to another origin, which rejects `Authorization`. */
  readonly redirectBlobs?: boolean | undefined;
  /** Which repositories `?mount=` searches: the one in `from` (the default), all, or none. */
  readonly mounts?: "from" | "anywhere" | "never" | undefined;
  /**
   * Whether a POST with a digest stores the whole blob. Otherwise it opens an upload and ignores the body. The default
   * is true.
   */
  readonly singlePost?: boolean | undefined;
  /** The minimum size of each chunk except the last, sent in `OCI-Chunk-Min-Length`. */
  readonly chunkMinLength?: number | undefined;
  /** The accepted algorithms of digests in pushes. The default is sha256, sha384 and sha512. */
  readonly digestAlgorithms?: readonly DigestAlgorithm[] | undefined;
  /** Whether a manifest can be pushed by its digest with tags (`?tag=`). The default is true. */
  readonly tagParameters?: boolean | undefined;
  /** The maximum size of a request body, as proxies have it. A larger `Content-Length` is rejected with 413. */
  readonly maxBodySize?: number | undefined;
  /**
   * What happens to an upload if a connection breaks during a chunk: the received part is kept (the default), it is
   * dropped, or the upload is aborted, as in Docker Distribution.
   */
  readonly brokenChunks?: "keep" | "drop" | "end-upload" | undefined;
  /** Whether range requests are supported. Otherwise the whole blob is sent. The default is true. */
  readonly ranges?: boolean | undefined;
  /** The accepted manifest types. The default is OCI's and Docker's schema 2, including lists. */
  readonly manifestTypes?: readonly string[] | undefined;
  /** Whether referenced content must exist with the correct size. The default is true. */
  readonly checkReferences?: boolean | undefined;
  /** Whether manifests and blobs can be deleted: also by tag (the default), by digest only, or not at all. */
  readonly deletes?: boolean | "by-digest" | undefined;
  /** Whether the catalog is enabled. The default is true. */
  readonly catalog?: boolean | undefined;
  /** Whether the referrers API is enabled. The default is true. */
  readonly referrers?: boolean | undefined;
  /** The maximum number of entries in one response of a list. `Link` leads to the next page. */
  readonly pageSize?: number | undefined;
}
