import path from "node:path";

import { nameOf } from "../names/docker-reference.ts";
import type { NamedReference } from "../names/docker-reference.ts";
import { ImageError } from "../names/image-error.ts";

/** The policy scope of one image (containers-policy.json, "docker:"). The tag takes precedence over the digest. */
export function dockerPolicyIdentity(reference: NamedReference): string {
  const { tag, digest } = reference;
  if (tag !== undefined) return `${nameOf(reference)}:${tag}`;
  return digest === undefined ? nameOf(reference) : `${nameOf(reference)}@${digest}`;
}

/** The repository, its parents, the host, then `*.` wildcards of the host name without its port. */
export function dockerPolicyNamespaces(reference: NamedReference): readonly string[] {
  const scopes: string[] = [];
  for (let name = nameOf(reference); name !== ""; name = beforeLast(name, "/")) scopes.push(name);
  if (reference.domain.startsWith("[")) return scopes;
  const labels = reference.domain.replace(/:\d+$/, "").split(".");
  for (let from = 1; from < labels.length; from++) scopes.push(`*.${labels.slice(from).join(".")}`);
  return scopes;
}

/** The parent folders of an absolute path, the nearest first, without `/`. */
export function parentFolders(absolutePath: string): readonly string[] {
  const parents: string[] = [];
  let folder = path.dirname(absolutePath);
  while (folder !== path.dirname(folder)) {
    parents.push(folder);
    folder = path.dirname(folder);
  }
  return parents;
}

/** Accepts a normalized absolute path other than `/`. @throws ImageError `invalid-scope` */
export function validatePathScope(transportName: string, scope: string): void {
  const problem = pathScopeProblem(scope);
  if (problem === undefined) return;
  throw new ImageError(
    "invalid-scope",
    `Not a scope of ${transportName}: ${JSON.stringify(scope)}: ${problem}`,
  );
}

function pathScopeProblem(scope: string): string | undefined {
  if (!path.isAbsolute(scope)) return "it must be an absolute path";
  if (scope === path.parse(scope).root) return 'use the scope "" for all images';
  const normalized = path.normalize(scope).replace(/(?<=.)[/\\]$/, "");
  return normalized === scope ? undefined : `write it as ${normalized}`;
}

function beforeLast(text: string, separator: string): string {
  return text.slice(0, Math.max(text.lastIndexOf(separator), 0));
}
