import { ImageError } from "@drayage/core";
import type { ImageTransport, NamedReference, OperationOptions } from "@drayage/core";
import { parseNamedReference, withDefaultTag } from "@drayage/core/reference";

import { adviseOn } from "./docker-advice.ts";
import { DockerReference } from "./docker-reference.ts";
import type { DockerSettings } from "./docker-settings.ts";
import { listRepositories } from "./listings/repository-list.ts";
import { Registries } from "./registry/registries.ts";

/** The transport that `docker()` returns. */
export interface DockerTransport extends ImageTransport<DockerReference> {
  /** In the registry's order; from a mirror, its own tags. @throws ImageError `not-found`, `denied` */
  listTags(
    this: void,
    reference: DockerReference,
    options?: OperationOptions,
  ): AsyncIterable<string>;
  /**
   * Lists the repositories that a registry returns, in its order. `host` includes the port, like in references.
   * @throws ImageError `unsupported` if the registry does not list repositories; `denied`, `invalid-reference`
   */
  getRepositories(
    this: void,
    host: string,
    options?: OperationOptions,
  ): AsyncGenerator<string, void, undefined>;
}

/**
 * Creates the transport `docker://HOST/NAME[:TAG][@DIGEST]` for registries with the API of the OCI distribution-spec. Its
 * images share connections and tokens. Two transports share nothing.
 */
export function docker(settings: DockerSettings = {}): DockerTransport {
  const registries = new Registries(settings);
  const transport: DockerTransport = {
    name: "docker",
    parseReference: (text) => new DockerReference(transport, parseName(text), registries),
    validatePolicyConfigurationScope() {},
    advise: adviseOn,
    listTags: (reference, options) => reference.getTags(options),
    async *getRepositories(host, options = {}) {
      await using _ = registries.use();
      const { registry } = await registries.repositoryToWrite(anyRepositoryOf(host), options);
      yield* listRepositories(registry, options);
    },
  };
  return Object.freeze(transport);
}

function anyRepositoryOf(host: string): NamedReference {
  const named = parseName(`//${host}/any`);
  if (host === named.domain) return named;
  throw new ImageError(
    "invalid-reference",
    `Not the host of a registry: ${JSON.stringify(host)}; use HOST or HOST:PORT`,
  );
}

function parseName(text: string): NamedReference {
  const url = /^(?:\/\/)?https?:\/\/(.*)$/is.exec(text);
  if (url !== null) throw invalid(text, `remove the http and write docker://${url[1]}`);
  if (!text.startsWith("//"))
    throw invalid(text, `it must start with //: write docker://${text.replace(/^\/+/, "")}`);
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
