import { isIPv6 } from "node:net";

import { isDigest, parseDigest } from "./digest.ts";
import type { Digest } from "./digest.ts";
import { ImageError } from "./image-error.ts";

/** A repository by its full name, optionally with a tag or digest (the grammar of docker/distribution's `reference`). */
export interface NamedReference {
  /** `docker.io`, `quay.io`, `localhost:5000`, `[::1]:5000` */
  readonly domain: string;
  /** `library/alpine` */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultDomain = "docker.io";
const officialPrefix = "library/";

const domainLabel = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domainPattern = new RegExp(`^${domainLabel}(?:\\.${domainLabel})*(?::[0-9]+)?$`);
const bracketedDomain = /^\[([^\]]*)\](?::[0-9]+)?$/;
const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const bareHex = /^[a-f0-9]{64}$/;
const maxNameLength = 255;
const maxReferenceLength = maxNameLength + 1 + 128 + 1 + 256;

/**
 * Parses `NAME[:TAG][@DIGEST]` like docker: `alpine` is `docker.io/library/alpine`. Adds no default tag.
 * @throws ImageError `invalid-reference`
 */
export function parseNamedReference(text: string): NamedReference {
  if (text.length > maxReferenceLength) throw invalid(`${text.slice(0, 80)}…`, "it is too long");
  if (bareHex.test(text)) throw invalid(text, "64 hex digits are an image id, not a name");
  const at = text.indexOf("@");
  const [tagged, digest] = at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
  const [name, tag] = splitTag(tagged);
  const { domain, path } = splitDomain(name);
  checkName(text, domain, path);
  if (tag !== undefined && !isTag(tag)) throw invalid(text, `${JSON.stringify(tag)} is not a tag`);
  return Object.freeze({
    domain,
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: parseDigest(digest) }),
  });
}

/** True for 1 to 128 letters, digits, `_`, `.` and `-` that do not start with `.` or `-`. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** The name without tag and digest: `docker.io/library/alpine`. */
export function nameOf(reference: NamedReference): string {
  return `${reference.domain}/${reference.path}`;
}

/** The full form: `docker.io/library/alpine:3.20`. */
export function formatNamedReference(reference: NamedReference): string {
  return nameOf(reference) + suffixOf(reference);
}

/** The short form that users write: `alpine:3.20`. */
export function formatFamiliar(reference: NamedReference): string {
  return familiarNameOf(reference) + suffixOf(reference);
}

/** The short name of a repository on Docker Hub: `alpine` for `docker.io/library/alpine`. Other names stay complete. */
export function familiarNameOf({ domain, path }: NamedReference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  const short = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : path;
  return short.includes("/") ? path : short;
}

/** Adds the tag `latest` to a reference without tag and digest. */
export function withDefaultTag(reference: NamedReference): NamedReference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return Object.freeze({ ...reference, tag: "latest" });
}

function suffixOf({ tag, digest }: NamedReference): string {
  return (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
}

function splitTag(text: string): [name: string, tag?: string] {
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = first === "localhost" || /[.:]/.test(first);
  const [host, path] = isDomain ? [first, name.slice(slash + 1)] : [defaultDomain, name];
  const domain = host === "index.docker.io" ? defaultDomain : host;
  const isOfficial = domain === defaultDomain && !path.includes("/");
  return { domain, path: isOfficial ? officialPrefix + path : path };
}

function checkName(text: string, domain: string, path: string): void {
  const problem = domainProblem(domain);
  if (problem !== undefined) throw invalid(text, `${JSON.stringify(domain)} ${problem}`);
  if (path !== path.toLowerCase()) throw invalid(text, "a repository name is lower-case");
  if (!pathPattern.test(path)) {
    throw invalid(text, `${JSON.stringify(path)} is not a repository path`);
  }
  if (domain.length + 1 + path.length > maxNameLength) {
    throw invalid(text, `a repository name has at most ${maxNameLength} characters`);
  }
}

/** IPv6 addresses are in brackets and have no zone, because a zone names an interface of one machine. */
function domainProblem(domain: string): string | undefined {
  const [, address] = bracketedDomain.exec(domain) ?? [];
  if (address === undefined) {
    if (domainPattern.test(domain)) return undefined;
    const isBare = isIPv6(domain.replace(/^\[|\]$/g, ""));
    return isBare ? "is an IPv6 address; write it in brackets" : "is not a host name";
  }
  if (address.includes("%")) return "has a zone; write the address without it";
  return isIPv6(address) ? undefined : "is not an IPv6 address";
}

function invalid(text: string, why: string): ImageError {
  const hint = isDigest(text) ? "; write NAME@DIGEST" : "";
  return new ImageError(
    "invalid-reference",
    `Not a docker reference: ${JSON.stringify(text)}: ${why}${hint}`,
  );
}
