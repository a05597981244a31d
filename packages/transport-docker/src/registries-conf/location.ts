import { ImageError, isImageError, nameOf, parseNamedReference } from "@drayage/core";
import type { NamedReference } from "@drayage/core";

import { withoutEndingSlashes } from "./ending-slashes.ts";

/** A registry or a part of it: what `prefix` and `location` of registries.conf name. */
export interface Location {
  /** `quay.io`, `localhost:5000`; of a prefix also `*.example.com`, any host below that one. */
  readonly domain: string;
  /** `library`, `library/alpine`; empty for the whole registry. */
  readonly path: string;
}

/** Reads `HOST[:PORT][/PATH]`. What is wrong with it, as a sentence without its subject, is given back as a text. */
export function readLocation(text: string): Location | string {
  const trimmed = withoutEndingSlashes(text);
  if (/^https?:\/\//i.test(trimmed)) return "must not start with http:// or https://";
  const slash = trimmed.indexOf("/");
  const [domain, path] =
    slash < 0 ? [trimmed, ""] : [trimmed.slice(0, slash), trimmed.slice(slash + 1)];
  if (domain === "") return "must name a registry";
  if (/[:@]/.test(path))
    return "names an image: leave the tag and the digest out, they never count";
  if (domain !== "localhost" && !/[.:]/.test(domain)) {
    return `starts with ${JSON.stringify(domain)}, which is not a registry: those have a dot or a port, or are localhost`;
  }
  const problem = problemOf(`${trimmed}/name`);
  if (problem !== undefined) return `is no name of a registry: ${problem}`;
  return { domain: domain === "index.docker.io" ? "docker.io" : domain.toLowerCase(), path };
}

/** The same, and `*.HOST`. */
export function readPrefix(text: string): Location | string {
  if (!text.startsWith("*.")) return readLocation(text);
  const problem = /[/:@]/.test(text)
    ? "it has neither a port nor a path"
    : problemOf(`host${text.slice(1)}/name`);
  if (problem === undefined) return { domain: text.toLowerCase(), path: "" };
  return `with *. is written as in *.example.com: ${problem}`;
}

/** Whether an image lies there: hosts are told apart by their ports, but for `*.`, which has none. */
export function isWithin(named: NamedReference, { domain, path }: Location): boolean {
  const host = named.domain.toLowerCase();
  if (isWildcard(domain)) return host.replace(portPattern, "").endsWith(domain.slice(1));
  if (host !== domain) return false;
  return path === "" || named.path === path || named.path.startsWith(`${path}/`);
}

/**
 * The image under another location than the prefix that it lies within. A port stays where `*.` is replaced by a host
 * without one.
 * @throws ImageError `invalid-reference` where that is no name of a repository
 */
export function relocated(named: NamedReference, from: Location, to: Location): NamedReference {
  const rest = from.path === "" ? named.path : named.path.slice(from.path.length + 1);
  const path = [to.path, rest].filter((part) => part !== "").join("/");
  const keepsPort = isWildcard(from.domain) && to.path === "" && !portPattern.test(to.domain);
  const port = keepsPort ? (portPattern.exec(named.domain)?.[0] ?? "") : "";
  const name = `${to.domain}${port}/${path}`;
  const problem = path === "" ? "that has no name in it" : problemOf(name);
  if (problem === undefined) return { ...named, ...parseNamedReference(name) };
  throw new ImageError(
    "invalid-reference",
    `registries.conf leads from ${nameOf(named)} to ${name}: ${problem}`,
  );
}

/** True for `*.example.com`. */
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
