import type { Platform, SystemContext } from "@drayage/core";

/** Settings of `tarball()`: the config of the generated image (OCI image-spec, config.md). */
export interface TarballSettings {
  /** Default: the platform of the host. */
  readonly platform?: Platform | undefined;
  /** The creation time. Default: `SOURCE_DATE_EPOCH`, else the newest modification time of the files. */
  readonly created?: Date | undefined;
  /** The program and its fixed arguments. Default: none. */
  readonly entrypoint?: readonly string[] | undefined;
  /** Default arguments of the entrypoint, or the program if there is no entrypoint. Default: none. */
  readonly command?: readonly string[] | undefined;
  /** Entries of the form `NAME=value`. Default: none. */
  readonly environment?: readonly string[] | undefined;
  /** Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The environment that holds `SOURCE_DATE_EPOCH`. */
  readonly system?: SystemContext | undefined;
}
