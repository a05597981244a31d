import type { Store } from "./store.ts";

/** A behaviour of an S3, the same test for each. */
export interface Row {
  readonly name: string;
  /** Asks for a key of its own. */
  readonly of: (store: Store) => Promise<unknown>;
  readonly is: unknown;
  /** Where Ceph 16.2 does otherwise. */
  readonly atCeph?: unknown;
}
