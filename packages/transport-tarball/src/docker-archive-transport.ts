import { ImageError } from "@drayage/core";
import type { ImageTransport } from "@drayage/core";
import { parseArchivedName, parseDockerArchiveSelector } from "@drayage/image-archive";
import type { DockerArchiveSelector } from "@drayage/image-archive";

import { archivePathOf } from "./archive-path.ts";
import { DockerArchiveReference } from "./docker-archive-reference.ts";
import type { DockerArchiveSettings } from "./docker-archive-settings.ts";

/**
 * `docker-archive:PATH`, `docker-archive:PATH:NAME[:TAG]` and, to read, `docker-archive:PATH:@N`: the format of
 * `docker save`.
 */
export function dockerArchive(
  settings: DockerArchiveSettings = {},
): ImageTransport<DockerArchiveReference> {
  const { append = false, additionalTags = [] } = settings;
  const writing = { append, additionalNames: additionalTags.map(parseArchivedName) };
  const transport: ImageTransport<DockerArchiveReference> = {
    name: "docker-archive",
    parseReference(text) {
      const { path, selector } = parseDockerArchivePath(text);
      return new DockerArchiveReference(transport, archivePathOf(path), selector, writing);
    },
    validatePolicyConfigurationScope(scope) {
      throw new ImageError(
        "invalid-scope",
        `Not a scope of docker-archive: ${JSON.stringify(scope)}: use "", which applies to all docker archives`,
      );
    },
    advise: (name) =>
      /\.(?:tar(?:\.\w+)?|tgz)$/.test(name)
        ? `for an archive write docker-archive:${name} or oci-archive:${name}`
        : undefined,
  };
  return Object.freeze(transport);
}

/** Splits at the first colon, except that of a Windows drive. @throws ImageError `invalid-reference` */
function parseDockerArchivePath(
  text: string,
  platform: NodeJS.Platform = process.platform,
): { readonly path: string; readonly selector: DockerArchiveSelector } {
  const drive = platform === "win32" && /^[A-Za-z]:[\\/]/.test(text) ? 2 : 0;
  const colon = text.indexOf(":", drive);
  const path = colon < 0 ? text : text.slice(0, colon);
  if (path === "") {
    const why = "it has no path; write PATH or PATH:NAME:TAG";
    throw new ImageError("invalid-reference", `Invalid image ${JSON.stringify(text)}: ${why}`);
  }
  const image = colon < 0 ? undefined : text.slice(colon + 1);
  return { path, selector: parseDockerArchiveSelector(image) };
}
