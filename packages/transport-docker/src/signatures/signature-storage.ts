import { homedir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { implicitPathOf } from "@drayage/core";
import type { DestinationAccepts, NamedReference, SystemContext } from "@drayage/core";
import { dockerPolicyIdentity, dockerPolicyNamespaces } from "@drayage/core/reference";

import type { RegistriesD } from "./registries-d.ts";
import { parseLookaside } from "./signature-conf.ts";
import type { SignatureSection } from "./signature-conf.ts";

/** The signature stores of one image. */
export interface SignatureStorage {
  /** `library/alpine` */
  readonly path: string;
  /** The base URL for reading. */
  readonly lookaside: URL;
  /** The base URL for writing. */
  readonly staging: URL;
  /** Whether signatures are attached to the image in its registry, as cosign does. */
  readonly usesAttachments: boolean;
}

/**
 * The configuration for an image: each key of the most specific section that sets it, then `default-docker`
 * (containers-registries.d(5)).
 */
export function signatureStorageOf(
  { sections, fallback }: RegistriesD,
  image: NamedReference,
  system: SystemContext,
): SignatureStorage {
  const scopes = [dockerPolicyIdentity(image), ...dockerPolicyNamespaces(image)];
  const found = [...scopes.map((scope) => sections.get(scope)), fallback].filter(
    (section) => section !== undefined,
  );
  const base = defaultLookaside(system);
  const firstURL = (textOf: (section: SignatureSection) => string | undefined): URL => {
    const section = found.find((one) => textOf(one) !== undefined);
    const text = section && textOf(section);
    return section === undefined || text === undefined ? base : parseLookaside(section, text);
  };
  return {
    path: image.path,
    lookaside: firstURL(({ lookaside }) => lookaside),
    staging: firstURL(({ staging, lookaside }) => staging ?? lookaside),
    usesAttachments:
      found.find((section) => section.usesAttachments !== undefined)?.usesAttachments ?? false,
  };
}

/** The signature fields of `DestinationAccepts`. */
export function acceptedSignatures({
  staging,
  usesAttachments,
}: SignatureStorage): Required<Pick<DestinationAccepts, "signatures" | "sigstoreSignatures">> {
  const isWritable = staging.protocol === "file:";
  return {
    signatures:
      isWritable ||
      `cannot write to ${staging.href}; configure lookaside-staging with a file:/// URL in registries.d`,
    sigstoreSignatures:
      usesAttachments || "use-sigstore-attachments is not enabled for it in registries.d",
  };
}

function defaultLookaside(system: SystemContext): URL {
  const { environment = process.env } = system;
  const isRoot = process.getuid?.() === 0;
  const home = environment["HOME"] || homedir();
  const folder = isRoot
    ? implicitPathOf("/var/lib/containers/sigstore", system)
    : path.join(home, ".local/share/containers/sigstore");
  return pathToFileURL(folder);
}
