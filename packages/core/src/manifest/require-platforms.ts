import { readAll, maxManifestSize } from "../content/byte-stream.ts";
import { verified } from "../content/verified-blob.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { ImageError } from "../names/image-error.ts";
import { configShape } from "./config-shape.ts";
import { parseJSONObject } from "./json-object.ts";
import { isArtifact } from "./manifest.ts";
import type { ImageManifest, Schema1Manifest } from "./manifest.ts";
import { fitsPlatform } from "./match-platform.ts";
import { formatPlatform } from "./platform.ts";
import type { Platform } from "./platform.ts";

/**
 * Checks with its config that an image outside an index runs on all of these platforms. Artifacts and images without a
 * platform pass.
 * @throws ImageError `not-found` that reports the platform of the image
 */
export async function requirePlatforms(
  source: ImageSource,
  manifest: ImageManifest | Schema1Manifest,
  platforms: readonly Platform[],
  options: OperationOptions,
): Promise<void> {
  const found = await platformOf(source, manifest, options);
  const missing = platforms.find((wanted) => found !== undefined && !fitsPlatform(found, wanted));
  if (missing === undefined || found === undefined) return;
  throw new ImageError(
    "not-found",
    `No image for ${formatPlatform(missing)}: the reference is not an index but a single image for ${formatPlatform(found)}`,
  );
}

async function platformOf(
  source: ImageSource,
  manifest: ImageManifest | Schema1Manifest,
  options: OperationOptions,
): Promise<Platform | undefined> {
  if (manifest.kind === "image" && isArtifact(manifest)) return undefined;
  const bytes =
    manifest.kind === "image"
      ? await readConfig(source, manifest, options)
      : Buffer.from(manifest.layers.at(-1)?.v1Compatibility ?? "{}");
  const config = parseJSONObject("image config", bytes, configShape).value;
  const { os, architecture, variant, "os.version": osVersion } = config;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  if (os === "" || architecture === "") return undefined;
  return {
    os,
    architecture,
    ...(typeof variant === "string" && variant !== "" && { variant }),
    ...(typeof osVersion === "string" && osVersion !== "" && { osVersion }),
  };
}

async function readConfig(
  source: ImageSource,
  { config }: ImageManifest,
  options: OperationOptions,
): Promise<Uint8Array> {
  return readAll(verified(source.getBlob(config, options), config), maxManifestSize);
}
