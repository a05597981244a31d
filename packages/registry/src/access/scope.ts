import type { RepositoryRights } from "./authentication.ts";

/** A permission as tokens name it: `repository:library/alpine:pull,push`. */
export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export function formatScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(",")}`;
}

/** undefined for invalid text. */
export function findScope(text: string): Scope | undefined {
  const [, type, name, actions] =
    /^([a-z0-9]+(?:\([a-z0-9]+\))?):(.+):([a-z*,]*)$/.exec(text) ?? [];
  if (type === undefined || name === undefined || actions === undefined) return undefined;
  return { type, name, actions: actions.split(",").filter((action) => action !== "") };
}

/** Whether one of the granted scopes includes all of `wanted`. */
export function covers(granted: readonly Scope[], wanted: Scope): boolean {
  return granted.some(
    ({ type, name, actions }) =>
      type === wanted.type &&
      name === wanted.name &&
      wanted.actions.every((action) => actions.includes(action)),
  );
}

/** The part of a scope that the rights allow. undefined rights allow everything, including the catalog. */
export function grantedPart(scope: Scope, rights: RepositoryRights | undefined): Scope {
  if (rights === undefined) return scope;
  const byName = new Map(Object.entries(rights));
  const allowed: readonly string[] = byName.get(scope.name) ?? byName.get("*") ?? [];
  return { ...scope, actions: scope.actions.filter((action) => allowed.includes(action)) };
}
