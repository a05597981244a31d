import { ImageError, nameOf, parseNamedReference } from "@drayage/core";

import { withoutEndingSlashes } from "../registries-conf/ending-slashes.ts";
import { registryOf } from "./auth-keys.ts";

/**
 * Credentials are for a registry, a namespace in it or a repository: `quay.io`, `quay.io/team`, `quay.io/team/app`.
 * @throws ImageError `invalid-reference`
 */
export function checkCredentialName(text: string): void {
  const scheme = /^(?:[a-z]+:)?\/\//i.exec(text)?.[0];
  if (scheme !== undefined) throw leaveOut(text, scheme, text.slice(scheme.length));
  const registry = registryOf(text);
  const url = URL.parse(`https://${registry}`);
  if (registry === "" || registry.includes("@") || url?.pathname !== "/" || url.search + url.hash) {
    throw invalid(text, `${JSON.stringify(registry)} is neither a host name nor an address`);
  }
  if (text !== registry) checkNamespace(text, registry);
}

/** Not as a reference has it: `docker.io/team` is a namespace there, and no official image. */
function checkNamespace(text: string, registry: string): void {
  if (text.endsWith("/")) throw leaveOut(text, "the slash at its end", withoutEndingSlashes(text));
  const named = parseNamedReference(text);
  const extra = named.tag ?? named.digest;
  const [path = ""] = text.slice(registry.length).split(/[:@]/, 1);
  if (extra !== undefined) throw leaveOut(text, extra, registry + path);
  if (named.domain === registry) return;
  throw invalid(text, `write ${nameOf(named)} if that is meant`);
}

function leaveOut(text: string, what: string, write: string): ImageError {
  return invalid(text, `leave out ${what}${write === "" ? "" : ` and write ${write}`}`);
}

function invalid(text: string, why: string): ImageError {
  const what = "a registry, or a namespace or repository in one";
  return new ImageError("invalid-reference", `Not ${what}: ${JSON.stringify(text)}: ${why}`);
}
