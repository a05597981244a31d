import { ImageError, isDigest } from "@drayage/core";
import type { ImageTransport } from "@drayage/core";
import { parseNamedReference } from "@drayage/core/reference";

import { DockerDaemonReference } from "./docker-daemon-reference.ts";
import type { ImageInEngine } from "./docker-daemon-reference.ts";
import type { DockerDaemonSettings } from "./docker-daemon-settings.ts";

/**
 * The transport of `docker-daemon:NAME:TAG` and (for reading) `docker-daemon:NAME@DIGEST` and `docker-daemon:sha256:ID`:
 * images in a Docker Engine or in Podman.
 */
export function dockerDaemon(
  settings: DockerDaemonSettings = {},
): ImageTransport<DockerDaemonReference> {
  const transport: ImageTransport<DockerDaemonReference> = {
    name: "docker-daemon",
    parseReference: (text) => new DockerDaemonReference(transport, parseImage(text), settings),
    validatePolicyConfigurationScope(scope) {
      if (!isDigest(scope)) return;
      throw new ImageError(
        "invalid-scope",
        `Invalid scope of docker-daemon: ${JSON.stringify(scope)}: use the name of an image, or "" for images without a name`,
      );
    },
  };
  return Object.freeze(transport);
}

function parseImage(text: string): ImageInEngine {
  if (isDigest(text)) {
    if (text.startsWith("sha256:")) return { kind: "id", id: text };
    throw invalid(text, "an image ID is a sha256 digest; write sha256:HEX");
  }
  const name = parseNamedReference(text);
  if (name.domain === "docker.io" && name.path === "library/sha256")
    throw invalid(text, "an image cannot be named sha256; an image ID has 64 hex digits");
  if (name.tag === undefined && name.digest === undefined)
    throw invalid(text, `it has no tag; write ${text}:latest`);
  return { kind: "name", name };
}

function invalid(text: string, reason: string): ImageError {
  return new ImageError(
    "invalid-reference",
    `Invalid image of a docker daemon: ${JSON.stringify(text)}: ${reason}`,
  );
}
