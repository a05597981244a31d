import type { OperationName, RequestPrice } from "./s3-log.ts";

/** An operation of S3, and how its requests differ from others. */
export interface Operation {
  readonly name: OperationName;
  readonly method: string;
  readonly on: "bucket" | "object";
  /** Parameters of the query that make it this one. */
  readonly marks: readonly string[];
  /** Others that it takes. */
  readonly takes: readonly string[];
  /** Whether it names another object to copy from. */
  readonly copies: boolean;
  /** What policies call what it does; undefined where they speak on each key. */
  readonly action: string | undefined;
  readonly price: RequestPrice;
}
