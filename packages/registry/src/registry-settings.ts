import type { RegistryAuthentication } from "./access/authentication.ts";
import type { Misbehaviour } from "./http/exchange.ts";

/** How a registry behaves. With none of these it is as strict and as capable as OCI distribution-spec 1.1 lets it be. */
export interface RegistrySettings extends Misbehaviour {
  /** Default `127.0.0.1`. */
  readonly hostname?: string | undefined;
  /** Default: one that is free. */
  readonly port?: number | undefined;
  /** Serves HTTPS with these, both PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** Who may do what. Default: everybody everything. */
  readonly authentication?: RegistryAuthentication | undefined;
  /** Keeps blobs as files in this folder rather than in memory; what is in it already is not served. */
  readonly folder?: string | undefined;
  /** How `Location` and `Link` are written. Default `relative`. */
  readonly locations?: "relative" | "absolute" | undefined;
  /** Answers each GET of a blob with a redirect to another origin, which takes no `Authorization`. */
  readonly redirectBlobs?: boolean | undefined;
  /** Which blobs `?mount=` finds: that of the repository in `from` (the default), any, or none. */
  readonly mounts?: "from" | "anywhere" | "never" | undefined;
  /** Whether POST with a digest takes the whole blob; else it opens an upload and drops the body. Default true. */
  readonly singlePost?: boolean | undefined;
  /** The fewest bytes of each chunk but the last, told in `OCI-Chunk-Min-Length`. */
  readonly chunkMinLength?: number | undefined;
  /** The most bytes in one request, as proxies have it: a longer one that says its length is answered with 413. */
  readonly largestBody?: number | undefined;
  /**
   * What becomes of an upload when a connection breaks off in the middle of a chunk: the part that came stays (the
   * default), it is dropped and the chunks before it stay, or the upload is over, as with Docker Distribution.
   */
  readonly brokenChunks?: "keep" | "drop" | "end-upload" | undefined;
  /** Whether a blob can be read in part. Default true; else all of it is sent, whatever was asked for. */
  readonly ranges?: boolean | undefined;
  /** The types of manifest that are taken. Default: OCI's and Docker's schema 2, lists included. */
  readonly manifestTypes?: readonly string[] | undefined;
  /** Whether all that a manifest names must be there, with its right size. Default true. */
  readonly checkReferences?: boolean | undefined;
  /** Whether manifests and blobs can be deleted: tags too (the default), by digest alone, or nothing. */
  readonly deletes?: boolean | "by-digest" | undefined;
  /** Whether there is a list of all repositories. Default true. */
  readonly catalog?: boolean | undefined;
  /** Whether there is a referrers API. Default true. */
  readonly referrers?: boolean | undefined;
  /** The most entries in one answer of any list; the rest follows by `Link`. */
  readonly pageSize?: number | undefined;
}
