import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";

import { parseSignature, UnparsedImage } from "@drayage/core";
import type { ImageTransport, Signature } from "@drayage/core";
import { parentFolders, parseNamedReference, validatePathScope } from "@drayage/core/reference";

/** The fixtures of containers/image's own tests. */
const folder = path.resolve(
  import.meta.dirname,
  "../../../../shared/fixtures/containers-image/signature",
);

export const fixtures: {
  readonly exist: boolean;
  readonly path: (name: string) => string;
  readonly read: (name: string) => Uint8Array;
} = {
  exist: existsSync(folder),
  path: (name: string): string => path.join(folder, "fixtures", name),
  read: (name: string): Uint8Array => readFileSync(path.join(folder, "fixtures", name)),
};

export const keyFingerprint = "08CD26E446E2E95249B7A405E932F44B23E8DD43";

/** A transport of folders, whose scopes are those of `dir:`. */
export const folders: ImageTransport = {
  name: "dir",
  parseReference: (text) => ({
    transport: folders,
    stringWithinTransport: text,
    dockerReference: undefined,
    policyConfigurationIdentity: text,
    policyConfigurationNamespaces: parentFolders(text),
    newImageSource: async () => Promise.reject(new Error("the image is read without a source")),
  }),
  validatePolicyConfigurationScope: (scope) => validatePathScope("dir", scope),
};

/** The image in a folder of the fixtures, as if it had this docker reference. */
export async function fixtureImage(name: string, dockerName?: string): Promise<UnparsedImage> {
  const files = await readdir(fixtures.path(name));
  const stored = files.filter((file) => file.startsWith("signature-")).toSorted();
  const signatures = stored.map((file) => parseSignature(fixtures.read(`${name}/${file}`)));
  return imageWith(fixtures.read(`${name}/manifest.json`), signatures, dockerName);
}

/** An image with this manifest and these signatures. */
export function imageWith(
  bytes: Uint8Array,
  signatures: readonly Signature[],
  dockerName?: string,
): UnparsedImage {
  const dockerReference = dockerName === undefined ? undefined : parseNamedReference(dockerName);
  return new UnparsedImage({
    reference: { ...folders.parseReference("/image"), dockerReference },
    offers: { parallelBlobs: 1, ranges: false, isLocal: true },
    getManifest: async () => ({ bytes, mediaType: undefined }),
    async *getBlob() {},
    getSignatures: async () => signatures,
    async [Symbol.asyncDispose]() {},
  });
}
