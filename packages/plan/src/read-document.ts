import { ImageError } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import * as v from "valibot";

/**
 * Parses a JSON document that has exactly the fields of a schema. `what` names the document in messages.
 * @throws ImageError `invalid-manifest` with the location of the first mistake
 */
export function readDocument<Type>(
  what: string,
  bytes: Uint8Array,
  schema: v.GenericSchema<unknown, Type>,
  requireVersion: (document: Readonly<Record<string, unknown>>) => void = () => {},
): Type {
  const value = parseStrictJSON(what, bytes, "map");
  if (!isJSONObject(value)) throw invalid(what, "it is not a JSON object");
  requireVersion(value);
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const at = v.getDotPath(issue);
  throw invalid(what, at === null ? issue.message : `${at}: ${issue.message}`);
}

/** The error for an invalid document. */
export function invalid(what: string, why: string): ImageError {
  return new ImageError("invalid-manifest", `Invalid ${what}: ${why}`);
}
