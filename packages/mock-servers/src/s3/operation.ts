import type { OperationName, RequestPrice } from "./s3-log.ts";

/** An S3 operation and the properties that identify its requests. */
export interface Operation {
  readonly name: OperationName;
  readonly method: string;
  readonly on: "bucket" | "object";
  /** The query parameters that identify the operation. */
  readonly marks: readonly string[];
  /** Other query parameters that it accepts. */
  readonly takes: readonly string[];
  /** Whether it names another object to copy from. */
  readonly copies: boolean;
  /** The action in policies; undefined if policies are evaluated for each key. */
  readonly action: string | undefined;
  readonly price: RequestPrice;
}
