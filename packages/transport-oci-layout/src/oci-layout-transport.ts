import { ImageError } from "@drayage/core";
import type { ImageTransport } from "@drayage/core";
import { validatePathScope } from "@drayage/core/reference";
import { parseLayoutPath } from "@drayage/image-layout";
import { absolutePathOf, explicitPathOf } from "@drayage/transport-kit/files";

import { OCILayoutReference } from "./oci-layout-reference.ts";
import type { OCILayoutSettings } from "./oci-layout-settings.ts";

/** The transport of `oci:PATH`, `oci:PATH:NAME` and (for reading) `oci:PATH:@N`: images in OCI image layouts on disk. */
export function ociLayout(settings: OCILayoutSettings = {}): ImageTransport<OCILayoutReference> {
  const { sharedBlobDir, layers } = settings;
  const resolved = { sharedBlobDir: sharedBlobDir && absolutePathOf(sharedBlobDir), layers };
  const transport: ImageTransport<OCILayoutReference> = {
    name: "oci",
    parseReference(text) {
      refuseURL(text);
      const { path, selector } = parseLayoutPath(text);
      const folder = explicitPathOf(path);
      refuseColon(text, folder);
      return new OCILayoutReference(transport, folder, selector, resolved);
    },
    validatePolicyConfigurationScope: (scope) => validatePathScope("oci", scope),
  };
  return Object.freeze(transport);
}

/** Helm and others write registries as `oci://HOST`. Here it would be a folder in `/`. */
function refuseURL(text: string): void {
  if (!/^\/\/[^/]/.test(text)) return;
  throw new ImageError(
    "invalid-reference",
    `Invalid image oci:${text}: oci: names a folder on this machine. Write docker:${text} for an image in a registry, or oci:${text.slice(1)} for the folder`,
  );
}

/** A symbolic link may resolve to a path that a reference cannot express. */
function refuseColon(text: string, folder: string): void {
  if (parseLayoutPath(folder).path === folder) return;
  throw new ImageError(
    "invalid-reference",
    `Invalid image oci:${text}: the path ${folder} contains a colon, which ends the path of a reference; rename the folder`,
  );
}
