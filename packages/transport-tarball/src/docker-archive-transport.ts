import { ImageError, parseNamedReference, withDefaultTag } from "@drayage/core";
import type { ImageTransport, NamedReference } from "@drayage/core";
import type { DockerArchiveSelector } from "@drayage/image-archive";

import { archivePathOf } from "./archive-path.ts";
import { DockerArchiveReference } from "./docker-archive-reference.ts";
import type { DockerArchiveSettings } from "./docker-archive-settings.ts";

/** `docker-archive:PATH`, `docker-archive:PATH:NAME[:TAG]` and, to read, `docker-archive:PATH:@N`: what `docker save` writes. */
export function dockerArchive(
  settings: DockerArchiveSettings = {},
): ImageTransport<DockerArchiveReference> {
  const { append = false, additionalTags = [] } = settings;
  const writing = { append, additionalNames: additionalTags.map(parseName) };
  const transport: ImageTransport<DockerArchiveReference> = {
    name: "docker-archive",
    parseReference(text) {
      const { path, selector } = parseDockerArchivePath(text);
      return new DockerArchiveReference(transport, archivePathOf(path), selector, writing);
    },
    validatePolicyConfigurationScope(scope) {
      throw new ImageError(
        "invalid-scope",
        `Not a scope of docker-archive: ${JSON.stringify(scope)}: a policy speaks of all docker archives, by "", or of none`,
      );
    },
  };
  return Object.freeze(transport);
}

/** Splits at the first colon; on Windows not at that of a drive. @throws ImageError `invalid-reference` */
function parseDockerArchivePath(
  text: string,
  platform: NodeJS.Platform = process.platform,
): { readonly path: string; readonly selector: DockerArchiveSelector } {
  const drive = platform === "win32" && /^[A-Za-z]:[\\/]/.test(text) ? 2 : 0;
  const colon = text.indexOf(":", drive);
  const path = colon < 0 ? text : text.slice(0, colon);
  if (path === "") throw invalid(text, "it has no path; write PATH or PATH:NAME:TAG");
  return { path, selector: colon < 0 ? { kind: "only" } : parseSelector(text, colon + 1) };
}

function parseSelector(text: string, from: number): DockerArchiveSelector {
  const after = text.slice(from);
  if (after.startsWith("@")) {
    const position = Number(after.slice(1));
    if (/^@\d+$/.test(after) && Number.isSafeInteger(position))
      return { kind: "position", position };
    throw invalid(text, `${after} has to be @ and the position of the image, from 0`);
  }
  return { kind: "name", name: parseName(after) };
}

function parseName(text: string): NamedReference {
  const name = parseNamedReference(text);
  if (name.digest === undefined) return withDefaultTag(name);
  throw invalid(text, "images in a docker archive have names and tags, and no digests");
}

function invalid(text: string, why: string): ImageError {
  return new ImageError(
    "invalid-reference",
    `Invalid image of a docker archive: ${JSON.stringify(text)}: ${why}`,
  );
}
