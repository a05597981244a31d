import type { Certificates } from "./certificate-folder.ts";

/** How one registry, and whatever it leads to, is to prove who it is, and we to it. */
export interface Trust {
  /** With its port, as references name it. */
  readonly host: string;
  /** Without its port: where it answers. */
  readonly hostname: string;
  /** The same with its port, where references name one. */
  readonly authority: string;
  /** Whether the registry need neither prove who it is nor encrypt. Says nothing of other hosts. */
  readonly insecure: boolean;
  /**
   * The authorities are believed about all hosts that the registry leads to: its token server often has a certificate
   * of the same one. The identities are for the registry's own host.
   */
  readonly certificates: () => Promise<Certificates>;
}

/** True for the registry itself: its host and its port, by http or https. */
export function isRegistryItself({ authority }: Trust, url: URL): boolean {
  return URL.parse(`${url.protocol}//${authority}`)?.host === url.host;
}

/** True for the host of the registry itself, on whichever port. */
export function isOwnHost({ hostname }: Trust, url: URL): boolean {
  return url.hostname === hostname;
}
