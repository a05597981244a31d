import type { BlobLocation } from "@drayage/core";

/** An object of a store. */
export interface ObjectLocation {
  /** The origin of the store; undefined for AWS. */
  readonly endpoint: string | undefined;
  readonly bucket: string;
  readonly key: string;
}

const transport = "s3";

/** An object as the location of a blob: the store copies it to other keys and buckets. */
export function formatLocation({ endpoint = "", bucket, key }: ObjectLocation): BlobLocation {
  const description = `s3://${bucket}/${key}`;
  return { transport, scope: `${endpoint} ${bucket}`, path: key, description };
}

/** Parses what `formatLocation` returned; undefined for any other location. */
export function parseLocation(location: BlobLocation | undefined): ObjectLocation | undefined {
  if (location?.transport !== transport || location.scope === undefined) return undefined;
  const [endpoint, bucket] = location.scope.split(" ");
  if (bucket === undefined) return undefined;
  return { endpoint: endpoint || undefined, bucket, key: location.path };
}
