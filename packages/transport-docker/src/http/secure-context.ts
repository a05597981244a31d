import tls from "node:tls";
import type { SecureContext, SecureVersion } from "node:tls";

import { ImageError } from "@drayage/core";

import type { Certificates } from "./certificate-folder.ts";

export interface SecureContextSettings extends Certificates {
  /** Whether the roots of the system are believed beside those that Node brings along. They take a while to read. */
  readonly withSystemRoots: boolean;
  readonly minTLSVersion: SecureVersion | undefined;
}

/**
 * What TLS needs, made once instead of with every connection; undefined where it would be Node's own.
 * @throws ImageError `unsupported` for certificates that cannot be used
 */
export function secureContextOf(settings: SecureContextSettings): SecureContext | undefined {
  const { authorities, identities, withSystemRoots, minTLSVersion } = settings;
  const added = [...(withSystemRoots ? tls.getCACertificates("system") : []), ...authorities];
  if (added.length + identities.length === 0 && minTLSVersion === undefined) return undefined;
  try {
    return tls.createSecureContext({
      ...(added.length > 0 && { ca: [...tls.getCACertificates("default"), ...added] }),
      ...(identities.length > 0 && {
        cert: identities.map(({ certificate }) => certificate),
        key: identities.map(({ key }) => key),
      }),
      ...(minTLSVersion !== undefined && { minVersion: minTLSVersion }),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ImageError("unsupported", `The certificates or keys cannot be used: ${why}`, {
      cause: error,
    });
  }
}
