import type { ImageTransport } from "@drayage/core";
import { validatePathScope } from "@drayage/core/reference";
import { parseLayoutPath } from "@drayage/image-layout";

import { archivePathOf } from "./archive-path.ts";
import { OCIArchiveReference } from "./oci-archive-reference.ts";
import type { OCIArchiveSettings } from "./oci-archive-settings.ts";

/** `oci-archive:PATH`, `oci-archive:PATH:NAME` and, to read, `oci-archive:PATH:@N`: an OCI image layout in a tar file. */
export function ociArchive(settings: OCIArchiveSettings = {}): ImageTransport<OCIArchiveReference> {
  const transport: ImageTransport<OCIArchiveReference> = {
    name: "oci-archive",
    parseReference(text) {
      const { path, selector } = parseLayoutPath(text);
      return new OCIArchiveReference(transport, archivePathOf(path), selector, settings);
    },
    validatePolicyConfigurationScope: (scope) => validatePathScope("oci-archive", scope),
  };
  return Object.freeze(transport);
}
