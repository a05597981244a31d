import type { BlobScope } from "../contract/blob-info-cache.ts";
import type { BlobLocation } from "../contract/blob-info.ts";

/** A location as a cache keeps it. */
export interface BlobPlace {
  readonly scope: BlobScope;
  readonly location: string;
}

/** undefined for a location that is of no use to other copies. */
export function placeOf(location: BlobLocation | undefined): BlobPlace | undefined {
  if (location?.kind === "registry") {
    const scope = { transport: "docker", scope: new URL(location.origin).host };
    return { scope, location: location.repository };
  }
  if (location?.kind === "s3") {
    const { endpoint = "", bucket, key } = location;
    return { scope: { transport: "s3", scope: `${endpoint} ${bucket}` }, location: key };
  }
  return undefined;
}

/** Whether both lie in one scope. */
export function areBeside(one: BlobLocation | undefined, other: BlobLocation | undefined): boolean {
  const [a, b] = [placeOf(one)?.scope, placeOf(other)?.scope];
  return a !== undefined && a.transport === b?.transport && a.scope === b.scope;
}

/** Another location in the scope of a known one. */
export function locationBeside(
  known: BlobLocation | undefined,
  location: string,
): BlobLocation | undefined {
  if (known?.kind === "registry") return { ...known, repository: location };
  return known?.kind === "s3" ? { ...known, key: location } : undefined;
}
