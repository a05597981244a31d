import { ImageError } from "@drayage/core";
import type { ImageTransport } from "@drayage/core";
import { validatePathScope } from "@drayage/core/reference";
import { explicitPathOf } from "@drayage/transport-kit/files";

import type { DirectorySettings } from "./directory-destination.ts";
import { DirectoryReference } from "./directory-reference.ts";

/** The transport of `dir:PATH`: one image in a folder, each part in a file, in the format of skopeo. */
export function directory(settings: DirectorySettings = {}): ImageTransport<DirectoryReference> {
  const transport: ImageTransport<DirectoryReference> = {
    name: "dir",
    parseReference(text) {
      if (text !== "") return new DirectoryReference(transport, explicitPathOf(text), settings);
      throw new ImageError(
        "invalid-reference",
        "Invalid image dir: it has no path; write dir:PATH",
      );
    },
    validatePolicyConfigurationScope: (scope) => validatePathScope("dir", scope),
    advise: (name) => (isFolder(name) ? `for a folder write dir:${name}` : undefined),
  };
  return Object.freeze(transport);
}

/** Whether a name without a transport looks like a path, and not like an archive. */
function isFolder(name: string): boolean {
  return /^[./~\\]/.test(name) && !/\.(?:tar(?:\.\w+)?|tgz)$/.test(name);
}
