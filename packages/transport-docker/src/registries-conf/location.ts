import { ImageError, isImageError } from "@drayage/core";
import type { NamedReference } from "@drayage/core";
import { nameOf, parseNamedReference } from "@drayage/core/reference";

import { withoutTrailingSlashes } from "./trailing-slashes.ts";

/** A registry or a part of it, as `prefix` and `location` of registries.conf. */
export interface Location {
  /** `quay.io`, `localhost:5000`; in a prefix also `*.example.com`, any host below it. */
  readonly domain: string;
  /** `library`, `library/alpine`; empty for the whole registry. */
  readonly path: string;
}

/** Parses `HOST[:PORT][/PATH]`. Returns a problem as a string, a clause without its subject. */
export function readLocation(text: string): Location | string {
  const trimmed = withoutTrailingSlashes(text);
  if (/^https?:\/\//i.test(trimmed)) return "must not start with http:// or https://";
  const slash = trimmed.indexOf("/");
  const [domain, path] =
    slash < 0 ? [trimmed, ""] : [trimmed.slice(0, slash), trimmed.slice(slash + 1)];
  if (domain === "") return "must name a registry";
  if (/[:@]/.test(path)) return "names an image; remove the tag and the digest";
  if (domain !== "localhost" && !/[.:]/.test(domain)) {
    return `starts with ${JSON.stringify(domain)}, which is not a registry; a registry has a dot or a port, or is localhost`;
  }
  const problem = problemOf(`${trimmed}/name`);
  if (problem !== undefined) return `is not a valid registry: ${problem}`;
  return { domain: domain === "index.docker.io" ? "docker.io" : domain.toLowerCase(), path };
}

/** As `readLocation`, and accepts `*.HOST`. */
export function readPrefix(text: string): Location | string {
  if (!text.startsWith("*.")) return readLocation(text);
  const problem = /[/:@]/.test(text)
    ? "it must not have a port or a path"
    : problemOf(`host${text.slice(1)}/name`);
  if (problem === undefined) return { domain: text.toLowerCase(), path: "" };
  return `with *. must have the form *.example.com: ${problem}`;
}

/** Whether an image is within a location. Ports must match, except for `*.`, which has none. */
export function isWithin(named: NamedReference, { domain, path }: Location): boolean {
  const host = named.domain.toLowerCase();
  if (isWildcard(domain)) return host.replace(portPattern, "").endsWith(domain.slice(1));
  if (host !== domain) return false;
  return path === "" || named.path === path || named.path.startsWith(`${path}/`);
}

/**
 * Replaces the prefix of an image by a location. The port is kept if `*.` is replaced by a host without a port.
 * @throws ImageError `invalid-reference` if the result is not a repository name
 */
export function relocated(named: NamedReference, from: Location, to: Location): NamedReference {
  const rest = from.path === "" ? named.path : named.path.slice(from.path.length + 1);
  const path = [to.path, rest].filter((part) => part !== "").join("/");
  const keepsPort = isWildcard(from.domain) && to.path === "" && !portPattern.test(to.domain);
  const port = keepsPort ? (portPattern.exec(named.domain)?.[0] ?? "") : "";
  const name = `${to.domain}${port}/${path}`;
  const problem = path === "" ? "it has no repository name" : problemOf(name);
  if (problem === undefined) return { ...named, ...parseNamedReference(name) };
  throw new ImageError(
    "invalid-reference",
    `registries.conf maps ${nameOf(named)} to ${name}, which is invalid: ${problem}`,
  );
}

/** Whether a domain is a wildcard: `*.example.com`. */
export function isWildcard(domain: string): boolean {
  return domain.startsWith("*.");
}

const portPattern = /:\d+$/;

function problemOf(name: string): string | undefined {
  try {
    parseNamedReference(name);
    return undefined;
  } catch (error) {
    if (!isImageError(error)) throw error;
    return error.message;
  }
}
