import tls from "node:tls";
import type { SecureContext, SecureVersion } from "node:tls";

import { ImageError } from "@drayage/core";

import type { Certificates } from "./certificate-folder.ts";

export interface SecureContextSettings extends Certificates {
  /** Whether the root certificates of the system are trusted in addition to those of Node. Reading them is slow. */
  readonly withSystemRoots: boolean;
  readonly minTLSVersion: SecureVersion | undefined;
}

/**
 * Creates a TLS context that connections share; undefined for the default one of Node.
 * @throws ImageError `unsupported` for invalid certificates
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError(
      "unsupported",
      `The certificates or keys are invalid: ${reason}; repair or remove them`,
      {
        cause: error,
      },
    );
  }
}
