import { ImageError } from "@drayage/core";
import { parseJSONObject } from "@drayage/core/json";

/** The content of `oci-layout` (OCI image-spec, image-layout.md). */
export const layoutFile: Uint8Array = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

const layoutFileShape = { imageLayoutVersion: "any" } as const;

/**
 * Rejects layouts of another major version. Accepts an absent, empty or unreadable file, as some tools write it:
 * `index.json` alone shows that there is a layout.
 * @throws ImageError `unsupported`; `invalid-manifest` for ambiguous JSON
 */
export function checkLayoutFile(location: string, content: Uint8Array | undefined): void {
  const version = content === undefined ? undefined : versionIn(location, content);
  if (version === undefined || Number.parseInt(version, 10) === 1) return;
  throw new ImageError(
    "unsupported",
    `${location} is an image layout of version ${version}; only versions 1.x are supported`,
  );
}

/** Undefined if the file contains no version. */
function versionIn(location: string, content: Uint8Array): string | undefined {
  const text = Buffer.from(content).toString();
  if (!isJSONObjectText(text)) return /^\s*v?(\d+(?:\.\d+)+)\s*$/.exec(text)?.[1];
  const { value } = parseJSONObject(`oci-layout file in ${location}`, content, layoutFileShape);
  const { imageLayoutVersion: version } = value;
  const written = typeof version === "number" ? String(version) : version;
  return typeof written === "string" ? /^\s*v?(\d[\w.+-]*)\s*$/.exec(written)?.[1] : undefined;
}

function isJSONObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
