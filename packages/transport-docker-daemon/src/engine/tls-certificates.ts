import path from "node:path";

import { ImageError } from "@drayage/core";
import { findNamedFile } from "@drayage/transport-kit/files";

/** What TLS needs on our side, all of it PEM. */
export interface TLSCertificates {
  /** Who vouches for the engine, and nobody else; undefined for those whom the system trusts. */
  readonly ca?: string | undefined;
  readonly identity?: { readonly cert: string; readonly key: string } | undefined;
}

/** Reads `ca.pem`, `cert.pem` and `key.pem`, as far as they are there. @throws ImageError `unsupported` for none, and for one of a pair */
export async function readCertificates(folder: string): Promise<TLSCertificates> {
  const [ca, cert, key] = await filesIn(folder);
  if (cert !== undefined && key !== undefined) return { ca, identity: { cert, key } };
  if (cert === undefined && key === undefined) {
    if (ca !== undefined) return { ca };
    throw new ImageError("unsupported", `${folder} has neither ca.pem nor cert.pem with key.pem`);
  }
  const [lonely, missing] = cert === undefined ? ["key.pem", "cert.pem"] : ["cert.pem", "key.pem"];
  throw new ImageError("unsupported", `${folder} has ${lonely} and no ${missing}: put it there`);
}

/** Whether there is any of them. */
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

const fileLimit = 1 << 20;
