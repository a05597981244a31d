import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { ImageError, implicitPathOf, isImageError } from "@drayage/core";
import { readNamedFile } from "@drayage/transport-kit/files";

import type { DockerSettings } from "../docker-settings.ts";

/** Certificates for one registry; all of them PEM. */
export interface Certificates {
  /** Who may vouch for the registry, beside those who may for everybody. */
  readonly authorities: readonly string[];
  /** Who we are to the registry. */
  readonly identities: readonly Identity[];
}

/** A client certificate and its key. */
interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/**
 * What lies in the folder for a registry (containers-certs.d(5)): of each `*.crt` an authority, of each `*.cert` with
 * the `*.key` of the same name an identity. Nothing where there is no folder.
 * @throws ImageError `unsupported` for one of a pair without the other, and where the folder that was named is missing
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
  throw new ImageError("unsupported", `There is no folder ${certDir} to read certificates from`);
}

/** The first that is there counts alone. */
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
  const having = (ending: string): readonly string[] =>
    names.filter((name) => name.endsWith(ending));
  const keys = having(".key");
  const lonelyKey = keys.find((key) => !names.includes(key.replace(/key$/, "cert")));
  if (lonelyKey !== undefined) {
    throw new ImageError(
      "unsupported",
      `${path.join(folder, lonelyKey)} is the key of no certificate: put ${lonelyKey.replace(/key$/, "cert")} beside it`,
    );
  }
  const identities = having(".cert").map(async (certificate) => {
    const key = certificate.replace(/cert$/, "key");
    if (keys.includes(key)) return { certificate: await read(certificate), key: await read(key) };
    throw new ImageError(
      "unsupported",
      `${path.join(folder, certificate)} is a client certificate without a key: put ${key} beside it; ` +
        "the certificate of an authority is to be called *.crt",
    );
  });
  return {
    authorities: await Promise.all(having(".crt").map(read)),
    identities: await Promise.all(identities),
  };
}

/** @throws ImageError `unsupported` that names the file, such as a link that leads nowhere */
async function readNamed(file: string): Promise<string> {
  try {
    return (await readNamedFile(file)).toString();
  } catch (cause) {
    const { code, message: problem } = cause as NodeJS.ErrnoException;
    const isDangling = code === "ENOENT" || code === "ELOOP";
    const unreadable = isImageError(cause) ? problem : `it cannot be read (${code})`;
    const why = isDangling ? "it is a link that leads nowhere" : unreadable;
    const message = `The certificate or key ${file} is of no use: ${why}; repair or remove it`;
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
