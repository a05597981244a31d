import { UsageError } from "../../../flags/usage-error.ts";
import { GoMap, GoNil, GoStruct } from "../go-values.ts";

/** Go's definition of truth: false for empty, zero and missing values. */
export function isTruth(value: unknown): boolean {
  if (value instanceof GoMap) return value.size > 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof GoStruct) return true;
  return Boolean(value) && !(value instanceof GoNil);
}

/** `eq`: whether the first value equals any of the others. @throws UsageError */
export function isOneOf(value: unknown, others: readonly unknown[]): boolean {
  return others.some((other) => isSame(value, other));
}

function isSame(value: unknown, other: unknown): boolean {
  if (isNothing(value) || isNothing(other)) return isNothing(value) && isNothing(other);
  if (kindOf(value) !== kindOf(other))
    throw new UsageError("The template compares values of different types");
  return value === other;
}

/** `lt`. @throws UsageError */
export function isLess(value: unknown, other: unknown): boolean {
  const kind = kindOf(value);
  if (kind !== kindOf(other))
    throw new UsageError("The template compares values of different types");
  if (kind === "boolean")
    throw new UsageError("The template compares two booleans with an order; use eq or ne");
  if (typeof value === "string")
    return Buffer.compare(Buffer.from(value), Buffer.from(String(other))) < 0;
  return Number(value) < Number(other);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value instanceof GoNil;
}

function kindOf(value: unknown): "text" | "integer" | "fraction" | "boolean" {
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "fraction";
  throw new UsageError("The template compares a value that is neither a string nor a number");
}
