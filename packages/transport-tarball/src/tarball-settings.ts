import type { Platform, SystemContext } from "@drayage/core";

/** What a `tarball()` says of the images that it makes (OCI image-spec, config.md). */
export interface TarballSettings {
  /** What the image runs on. Default: this machine's platform. */
  readonly platform?: Platform | undefined;
  /** When the image was made. Default: the time in `SOURCE_DATE_EPOCH`, else the newest of the files'. */
  readonly created?: Date | undefined;
  /** The program that a container runs, and what it is always given. Default: none. */
  readonly entrypoint?: readonly string[] | undefined;
  /** What the program is given unless a user says otherwise, or the program where there is no entrypoint. Default: none. */
  readonly command?: readonly string[] | undefined;
  /** `NAME=value` each. Default: none. */
  readonly environment?: readonly string[] | undefined;
  /** Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Where `SOURCE_DATE_EPOCH` is looked up. */
  readonly system?: SystemContext | undefined;
}
