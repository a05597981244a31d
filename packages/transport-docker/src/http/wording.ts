/**
 * The instructions in error messages. A command replaces them to name its flags instead of settings. Each text is in the
 * imperative, without a full stop.
 */
export interface DockerWording {
  /** To accept an untrusted certificate or plain http. Default: `set "insecure"`. */
  readonly insecure?: string | undefined;
  /** To store credentials for a registry. Default: `log in to HOST`. */
  readonly login?: ((host: string) => string) | undefined;
  /** To delete an image with all its tags. Default: `set "allTags"`. */
  readonly allTags?: string | undefined;
}

/** `DockerWording` with the defaults. */
export interface Wording {
  readonly insecure: string;
  readonly login: (host: string) => string;
  readonly allTags: string;
}

export function wordingOf({ insecure, login, allTags }: DockerWording = {}): Wording {
  return {
    insecure: insecure ?? 'set "insecure"',
    login: login ?? ((host) => `log in to ${host}`),
    allTags: allTags ?? 'set "allTags"',
  };
}
