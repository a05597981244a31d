import type { BlobLocation } from "../blob-info.ts";
import type { BlobScope } from "./blob-info-cache.ts";

/** A location as a cache keeps it. */
export interface BlobPlace {
  readonly scope: BlobScope;
  readonly location: string;
}

/** undefined for a location that is of no use to other copies. */
export function placeOf(location: BlobLocation | undefined): BlobPlace | undefined {
  switch (location?.kind) {
    case "registry": {
      const scope = { transport: "docker", scope: new URL(location.origin).host };
      return { scope, location: location.repository };
    }
    case "s3": {
      const { endpoint = "", bucket, key } = location;
      return { scope: { transport: "s3", scope: `${endpoint} ${bucket}` }, location: key };
    }
    default:
      return undefined;
  }
}

/** Another location in the scope of a known one. */
export function locationBeside(
  known: BlobLocation | undefined,
  location: string,
): BlobLocation | undefined {
  switch (known?.kind) {
    case "registry":
      return { ...known, repository: location };
    case "s3":
      return { ...known, key: location };
    default:
      return undefined;
  }
}
