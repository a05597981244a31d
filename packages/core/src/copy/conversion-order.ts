import { isSchema1MediaType, mediaTypes } from "../manifest/media-types.ts";

/**
 * Orders the media types that a manifest may be written in: its own type, Docker's schema 2, and the others as the
 * destination prefers them. Schema 1 comes last, because all layers must be read to convert it back.
 */
export function inConversionOrder(own: string, allowed: readonly string[]): readonly string[] {
  const preferred = [own, mediaTypes.dockerManifest].filter((type) => allowed.includes(type));
  const others = allowed.toSorted(
    (a, b) => Number(isSchema1MediaType(a)) - Number(isSchema1MediaType(b)),
  );
  return [...new Set([...preferred, ...others])];
}
