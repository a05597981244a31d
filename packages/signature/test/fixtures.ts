import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { UnparsedImage } from "@drayage/core";
import type { ImageReference, NamedReference, Signature } from "@drayage/core";
import { parseNamedReference } from "@drayage/core/reference";
import { directory } from "@drayage/transport-dir";

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

/** The image in a folder of the fixtures, as if it had this docker reference. */
export async function fixtureImage(name: string, dockerName?: string): Promise<UnparsedImage> {
  const reference = directory().parseReference(fixtures.path(name));
  const source = await reference.newImageSource();
  return new UnparsedImage({ ...bound(source), reference: named(reference, dockerName) });
}

/** An image with this manifest and these signatures. */
export function imageWith(
  bytes: Uint8Array,
  signatures: readonly Signature[],
  dockerName?: string,
): UnparsedImage {
  return new UnparsedImage({
    reference: named(directory().parseReference("/"), dockerName),
    offers: { parallelBlobs: 1, ranges: false, isLocal: true, requests: 0 } as never,
    getManifest: async () => ({ bytes, mediaType: undefined }),
    getBlob: async function* noBlob() {},
    getSignatures: async () => signatures,
    [Symbol.asyncDispose]: async () => {},
  });
}

function named(reference: ImageReference, dockerName: string | undefined): ImageReference {
  if (dockerName === undefined) return reference;
  const dockerReference: NamedReference = parseNamedReference(dockerName);
  return Object.create(reference, {
    dockerReference: { value: dockerReference },
  }) as ImageReference;
}

type Source = UnparsedImage["source"];

function bound(source: Source): Source {
  return {
    reference: source.reference,
    offers: source.offers,
    getManifest: (...args) => source.getManifest(...args),
    getBlob: (...args) => source.getBlob(...args),
    getSignatures: async (...args) => (await source.getSignatures?.(...args)) ?? [],
    [Symbol.asyncDispose]: async () => source[Symbol.asyncDispose](),
  };
}
