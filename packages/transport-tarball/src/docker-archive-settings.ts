/** Settings of `dockerArchive()`. */
export interface DockerArchiveSettings {
  /** Whether to add images to an existing archive. Default: an existing archive is an error. */
  readonly append?: boolean | undefined;
  /** Additional names with tags for the written image: `alpine:3`. Default: none. */
  readonly additionalTags?: readonly string[] | undefined;
}
