import { ImageError } from "@drayage/core";
import { nameOf, parseNamedReference } from "@drayage/core/reference";

import { withoutTrailingSlashes } from "../registries-conf/trailing-slashes.ts";
import { registryOf } from "./auth-keys.ts";

/**
 * Checks a name of a registry, a namespace or a repository: `quay.io`, `quay.io/team`, `quay.io/team/app`.
 * @throws ImageError `invalid-reference`
 */
export function checkCredentialName(text: string): void {
  const scheme = /^(?:[a-z]+:)?\/\//i.exec(text)?.[0];
  if (scheme !== undefined) throw leaveOut(text, scheme, text.slice(scheme.length));
  const registry = registryOf(text);
  const url = URL.parse(`https://${registry}`);
  if (registry === "" || registry.includes("@") || url?.pathname !== "/" || url.search + url.hash) {
    throw invalid(text, `${JSON.stringify(registry)} is not a host name or address`);
  }
  if (text !== registry) checkNamespace(text, registry);
}

/** Unlike in a reference, `docker.io/team` is a namespace and not an official image. */
function checkNamespace(text: string, registry: string): void {
  if (text.endsWith("/")) throw leaveOut(text, "the trailing slash", withoutTrailingSlashes(text));
  const named = parseNamedReference(text);
  const extra = named.tag ?? named.digest;
  const [path = ""] = text.slice(registry.length).split(/[:@]/, 1);
  if (extra !== undefined) throw leaveOut(text, extra, registry + path);
  if (named.domain === registry) return;
  throw invalid(text, `did you mean ${nameOf(named)}?`);
}

function leaveOut(text: string, what: string, write: string): ImageError {
  return invalid(text, `remove ${what}${write === "" ? "" : `: ${write}`}`);
}

function invalid(text: string, why: string): ImageError {
  const what = "a registry, namespace or repository";
  return new ImageError("invalid-reference", `Not ${what}: ${JSON.stringify(text)}: ${why}`);
}
