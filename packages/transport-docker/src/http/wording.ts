/**
 * How error messages name what their reader can do. For programs whose users do not write settings: a command names its
 * flags. Each text is an instruction in the imperative, without a full stop.
 */
export interface DockerWording {
  /** To accept an untrusted certificate or plain http. Default: `set "insecure"`. */
  readonly insecure?: string | undefined;
  /** To store credentials for a registry. Default: `log in to HOST`. */
  readonly login?: ((host: string) => string) | undefined;
  /** To delete an image with all its tags. Default: `set "allTags"`. */
  readonly allTags?: string | undefined;
}

/** The same with all defaults. */
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
