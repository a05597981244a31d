import { ImageError, parseNamedReference, withDefaultTag } from "@drayage/core";
import type { ImageTransport, NamedReference } from "@drayage/core";

import { DockerReference } from "./docker-reference.ts";
import type { DockerSettings } from "./docker-settings.ts";
import { Registries } from "./registries.ts";

/**
 * `docker://HOST/NAME[:TAG][@DIGEST]`: images in registries that speak the OCI distribution specification. One value
 * shares its connections and tokens among all its images; two values share nothing.
 */
export function docker(settings: DockerSettings = {}): ImageTransport<DockerReference> {
  const registries = new Registries(settings);
  const transport: ImageTransport<DockerReference> = {
    name: "docker",
    parseReference: (text) => new DockerReference(transport, parseName(text), registries),
    validatePolicyConfigurationScope() {},
  };
  return Object.freeze(transport);
}

function parseName(text: string): NamedReference {
  const url = /^(?:\/\/)?https?:\/\/(.*)$/is.exec(text);
  if (url !== null) throw invalid(text, `leave the http out and write docker://${url[1]}`);
  if (!text.startsWith("//")) throw invalid(text, `it must start with //: write docker://${text}`);
  const named = withDefaultTag(parseNamedReference(text.slice(2)));
  if (URL.canParse(`https://${named.domain}`)) return named;
  throw invalid(text, `${JSON.stringify(named.domain)} is neither a host name nor an address`);
}

function invalid(text: string, why: string): ImageError {
  return new ImageError(
    "invalid-reference",
    `Not a reference to an image in a registry: ${JSON.stringify(text)}: ${why}`,
  );
}
