import { ImageError } from "@drayage/core";
import type { ImageTransport } from "@drayage/core";
import { absolutePathOf } from "@drayage/transport-kit/files";

import { standardInput } from "./tarball-layer.ts";
import { TarballReference } from "./tarball-reference.ts";
import type { TarballSettings } from "./tarball-settings.ts";

/** `tarball:FILE[:FILE…]` and `tarball:-`: an image generated from root file systems in tar files, one layer each. */
export function tarball(settings: TarballSettings = {}): ImageTransport<TarballReference> {
  const transport: ImageTransport<TarballReference> = {
    name: "tarball",
    parseReference: (text) => new TarballReference(transport, parseTarballFiles(text), settings),
    validatePolicyConfigurationScope(scope) {
      throw new ImageError(
        "invalid-scope",
        `Not a scope of tarball: ${JSON.stringify(scope)}: use "", which applies to all images made of tar files`,
      );
    },
  };
  return Object.freeze(transport);
}

/**
 * Splits at colons, except those of Windows drives, and returns absolute paths. @throws ImageError `invalid-reference`
 */
function parseTarballFiles(
  text: string,
  platform: NodeJS.Platform = process.platform,
): readonly string[] {
  if (text === standardInput) return [standardInput];
  const files = text.split(platform === "win32" ? /:(?![\\/])/ : ":");
  if (files.every((file) => file !== "" && file !== standardInput))
    return files.map((file) => absolutePathOf(file));
  throw new ImageError(
    "invalid-reference",
    `Invalid image of tar files ${JSON.stringify(text)}: write FILE, FILE:FILE or, alone, -`,
  );
}
