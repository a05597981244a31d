import type { Certificates } from "./certificate-folder.ts";

/** The TLS settings for a registry and the hosts that it refers to. */
export interface Trust {
  /** The domain in references, with its port. */
  readonly host: string;
  /** The host of the registry without its port. */
  readonly hostname: string;
  /** The host of the registry with its port, if references have one. */
  readonly authority: string;
  /** Whether untrusted certificates and plain http are allowed for the host of the registry. */
  readonly insecure: boolean;
  /**
   * The authorities are trusted for all hosts that the registry refers to, because its token server often uses the same
   * one. The client certificates are only sent to the host of the registry.
   */
  readonly certificates: () => Promise<Certificates>;
}

/** Whether a URL has the host and the port of the registry. */
export function isRegistryItself({ authority }: Trust, url: URL): boolean {
  return URL.parse(`${url.protocol}//${authority}`)?.host === url.host;
}

/** Whether a URL has the host of the registry, with any port. */
export function isOwnHost({ hostname }: Trust, url: URL): boolean {
  return url.hostname === hostname;
}
