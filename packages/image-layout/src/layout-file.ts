import { ImageError, parseJSONObject } from "@drayage/core";

/** What `oci-layout` says (OCI image-spec, image-layout.md). */
export const layoutFile: Uint8Array = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

const layoutFileShape = { imageLayoutVersion: "any" } as const;

/** @throws ImageError `unsupported` for a layout of another major version; `invalid-manifest` */
export function checkLayoutFile(place: string, content: Uint8Array | undefined): void {
  if (content === undefined) return;
  const { imageLayoutVersion } = parseJSONObject(
    `oci-layout file in ${place}`,
    content,
    layoutFileShape,
  ).value;
  if (typeof imageLayoutVersion === "string" && imageLayoutVersion.startsWith("1.")) return;
  throw new ImageError(
    "unsupported",
    `${place} is an image layout of version ${JSON.stringify(imageLayoutVersion)}; only 1.x is known here`,
  );
}
