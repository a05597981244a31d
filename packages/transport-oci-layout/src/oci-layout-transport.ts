import { ImageError } from "@drayage/core";
import type { ImageTransport } from "@drayage/core";
import { validatePathScope } from "@drayage/core/reference";
import { parseLayoutPath } from "@drayage/image-layout";
import { absolutePathOf, explicitPathOf } from "@drayage/transport-kit/files";

import { OCILayoutReference } from "./oci-layout-reference.ts";
import type { OCILayoutSettings } from "./oci-layout-settings.ts";

/** `oci:PATH`, `oci:PATH:NAME` and, to read, `oci:PATH:@N`: images in an OCI image layout on disk. */
export function ociLayout(settings: OCILayoutSettings = {}): ImageTransport<OCILayoutReference> {
  const { sharedBlobDir, layers } = settings;
  const resolved = { sharedBlobDir: sharedBlobDir && absolutePathOf(sharedBlobDir), layers };
  const transport: ImageTransport<OCILayoutReference> = {
    name: "oci",
    parseReference(text) {
      refuseURL(text);
      const { path: given, selector } = parseLayoutPath(text);
      const folder = explicitPathOf(given);
      refuseColon(text, folder);
      return new OCILayoutReference(transport, folder, selector, resolved);
    },
    validatePolicyConfigurationScope: (scope) => validatePathScope("oci", scope),
  };
  return Object.freeze(transport);
}

/** Helm and others write registries so; here it would be a folder at the root of the disk. */
function refuseURL(text: string): void {
  if (!/^\/\/[^/]/.test(text)) return;
  throw new ImageError(
    "invalid-reference",
    `Invalid image oci:${text}: oci: is a folder on this machine, written oci:${text.slice(1)}; an image in a registry is written docker:${text}`,
  );
}

/** A link may lead to where no reference can. */
function refuseColon(text: string, folder: string): void {
  if (parseLayoutPath(folder).path === folder) return;
  throw new ImageError(
    "invalid-reference",
    `Invalid image oci:${text}: the path ${folder} has a colon in it, which ends a path here; give it another name`,
  );
}
