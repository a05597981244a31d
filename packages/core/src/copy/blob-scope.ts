import type { BlobScope } from "../contract/blob-info-cache.ts";
import type { BlobLocation } from "../contract/blob-info.ts";

/** The scope of a location for the cache; undefined if later copies cannot use the location. */
export function scopeOf(location: BlobLocation | undefined): BlobScope | undefined {
  if (location?.scope === undefined) return undefined;
  const { transport, scope } = location;
  return { transport, scope };
}

/** False for a location without a scope. */
export function isInScope(location: BlobLocation | undefined, scope: BlobScope): boolean {
  return location?.transport === scope.transport && location.scope === scope.scope;
}
