import path from "node:path";

import { ImageError } from "@drayage/core";
import { findNamedFile } from "@drayage/transport-kit/files";

/** The certificates for TLS, in PEM format. */
export interface TLSCertificates {
  /** The only trusted certificate authority; undefined for those of the system. */
  readonly ca?: string | undefined;
  /** The client certificate. */
  readonly identity?: { readonly cert: string; readonly key: string } | undefined;
}

/** Reads `ca.pem`, `cert.pem` and `key.pem` if they exist. @throws ImageError `unsupported` if all are absent, or only one of the pair exists */
export async function readCertificates(folder: string): Promise<TLSCertificates> {
  const [ca, cert, key] = await filesIn(folder);
  if (cert !== undefined && key !== undefined) return { ca, identity: { cert, key } };
  if (cert === undefined && key === undefined) {
    if (ca !== undefined) return { ca };
    throw new ImageError("unsupported", `${folder} has neither ca.pem nor cert.pem with key.pem`);
  }
  const [existing, missing] =
    cert === undefined ? ["key.pem", "cert.pem"] : ["cert.pem", "key.pem"];
  throw new ImageError("unsupported", `${folder} has ${existing} and no ${missing}; add it`);
}

/** Whether the folder has any of the three files. */
export async function hasCertificates(folder: string): Promise<boolean> {
  return (await filesIn(folder)).some((file) => file !== undefined);
}

async function filesIn(folder: string): Promise<readonly (string | undefined)[]> {
  const names = ["ca.pem", "cert.pem", "key.pem"];
  return Promise.all(
    names.map(async (name) => {
      const bytes = await findNamedFile(path.join(folder, name), { limit: fileLimit });
      return bytes?.toString();
    }),
  );
}

/** Bytes. */
const fileLimit = 1 << 20;
