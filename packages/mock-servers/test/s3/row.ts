import type { Store } from "./store.ts";

/** A behaviour of S3, with the same test for all stores. */
export interface Row {
  readonly name: string;
  /** Uses a key of its own. */
  readonly of: (store: Store) => Promise<unknown>;
  readonly is: unknown;
  /** How Ceph 16.2 differs. */
  readonly atCeph?: unknown;
}
