import { ImageError } from "@drayage/core";
import { parseJSONObject } from "@drayage/core/json";

/** What `oci-layout` says (OCI image-spec, image-layout.md). */
export const layoutFile: Uint8Array = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

const layoutFileShape = { imageLayoutVersion: "any" } as const;

/**
 * Refuses a layout of another major version. Lax tools leave the file out, leave it empty or write something else into
 * it; `index.json` alone shows that there is a layout then.
 * @throws ImageError `unsupported`; `invalid-manifest` for JSON that could be read in two ways
 */
export function checkLayoutFile(place: string, content: Uint8Array | undefined): void {
  const version = content === undefined ? undefined : versionIn(place, content);
  if (version === undefined || Number.parseInt(version, 10) === 1) return;
  throw new ImageError(
    "unsupported",
    `${place} is an image layout of version ${version}; only 1.x is known here`,
  );
}

/** Undefined where none can be made out. */
function versionIn(place: string, content: Uint8Array): string | undefined {
  const text = Buffer.from(content).toString();
  if (!isJSONObjectText(text)) return /^\s*v?(\d+(?:\.\d+)+)\s*$/.exec(text)?.[1];
  const { value } = parseJSONObject(`oci-layout file in ${place}`, content, layoutFileShape);
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
