import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { ImageError, implicitPathOf, isImageError } from "@drayage/core";
import { readNamedFile } from "@drayage/transport-kit/files";

import type { DockerSettings } from "../docker-settings.ts";

/** The PEM certificates for one registry. */
export interface Certificates {
  /** Certificate authorities for the registry, in addition to the default ones. */
  readonly authorities: readonly string[];
  /** Client certificates. */
  readonly identities: readonly Identity[];
}

/** A client certificate and its key. */
interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Reads the certificate folder of a registry (containers-certs.d(5)): an authority from each `*.crt`, and a client
 * certificate from each `*.cert` with its `*.key`. Returns no certificates if there is no folder.
 * @throws ImageError `unsupported` for a certificate or key without the other, and if `certDir` does not exist
 */
export async function readCertificates(
  host: string,
  settings: Pick<DockerSettings, "certDir" | "system">,
): Promise<Certificates> {
  const { certDir } = settings;
  const folders = certDir === undefined ? perHostFolders(host, settings) : [certDir];
  for (const folder of folders) {
    const names = await namesIn(folder);
    if (names !== undefined) return certificatesIn(folder, names);
  }
  if (certDir === undefined) return { authorities: [], identities: [] };
  throw new ImageError(
    "unsupported",
    `The certificate folder ${certDir} does not exist; create it, or name another folder`,
  );
}

/** In order of precedence. Only the first existing folder is read. */
function perHostFolders(
  host: string,
  { system = {} }: Pick<DockerSettings, "system">,
): readonly string[] {
  const { HOME = homedir() } = system.environment ?? process.env;
  return [
    path.join(HOME, ".config/containers/certs.d", host),
    implicitPathOf(path.join("/etc/containers/certs.d", host), system),
    implicitPathOf(path.join("/etc/docker/certs.d", host), system),
  ];
}

async function certificatesIn(folder: string, names: readonly string[]): Promise<Certificates> {
  const read = async (name: string): Promise<string> => readNamed(path.join(folder, name));
  const filesWith = (ending: string): readonly string[] =>
    names.filter((name) => name.endsWith(ending));
  const keys = filesWith(".key");
  const unmatchedKey = keys.find((key) => !names.includes(key.replace(/key$/, "cert")));
  if (unmatchedKey !== undefined) {
    throw new ImageError(
      "unsupported",
      `${path.join(folder, unmatchedKey)} is a key without a certificate; add ${unmatchedKey.replace(/key$/, "cert")} to the folder`,
    );
  }
  const identities = filesWith(".cert").map(async (certificate) => {
    const key = certificate.replace(/cert$/, "key");
    if (keys.includes(key)) return { certificate: await read(certificate), key: await read(key) };
    throw new ImageError(
      "unsupported",
      `${path.join(folder, certificate)} is a client certificate without a key; add ${key} to the folder, ` +
        "or rename the certificate to *.crt if it is that of an authority",
    );
  });
  // Together, so that no rejection stays unhandled while the others are awaited.
  const [readAuthorities, readIdentities] = await Promise.all([
    Promise.all(filesWith(".crt").map(read)),
    Promise.all(identities),
  ]);
  return { authorities: readAuthorities, identities: readIdentities };
}

/** @throws ImageError `unsupported` with the file name, also for a dangling link */
async function readNamed(file: string): Promise<string> {
  try {
    return (await readNamedFile(file)).toString();
  } catch (cause) {
    const { code, message: problem } = cause as NodeJS.ErrnoException;
    const isDangling = code === "ENOENT" || code === "ELOOP";
    const unreadable = isImageError(cause) ? problem : `it cannot be read (${code})`;
    const reason = isDangling ? "it is a dangling link" : unreadable;
    const message = `Could not read the certificate or key ${file}: ${reason}; repair or remove it`;
    throw new ImageError("unsupported", message, { cause });
  }
}

async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    throw error;
  }
}
