/** How a `dockerArchive()` writes. */
export interface DockerArchiveSettings {
  /** Whether images are added to an archive that is there. Default: it is an error that there is one. */
  readonly append?: boolean | undefined;
  /** Further names with tags for an image that is written: `alpine:3`. Default: none. */
  readonly additionalTags?: readonly string[] | undefined;
}
