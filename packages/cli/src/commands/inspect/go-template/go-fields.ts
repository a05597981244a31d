import { UsageError } from "../../../flags/usage-error.ts";
import { GoMap, GoNil, GoStruct, GoTime } from "../go-values.ts";

/**
 * A field, an entry of a map, or what a method returns. Go's names for the keys of a config are those keys in other
 * letters: `.RootFS.DiffIDs` is `rootfs.diff_ids`. undefined for an entry that is not there.
 */
export function fieldOf(value: unknown, name: string, operands: readonly unknown[]): unknown {
  if (value === undefined || value === null || value instanceof GoNil)
    return fieldOfNothing(value, name);
  if (value instanceof GoTime) return methodOf(value.call(name, ...operands), value, name);
  if (typeof value === "string" && isDigest(value))
    return methodOf(digestMethod(value, name), value, name);
  if (operands.length > 0)
    throw new UsageError(`The template gives .${name} a value, which it does not take`);
  if (value instanceof GoMap) return value.get(name);
  const found = entriesOf(value).find(([key]) => key === name) ?? entryIn(value, name);
  return found[1] === undefined ? "" : found[1];
}

function fieldOfNothing(value: unknown, name: string): unknown {
  const isPointer = value instanceof GoNil && value.kind === "pointer";
  if (isPointer)
    throw new UsageError(`The template asks for .${name} of something that is not there`);
  return undefined;
}

function entryIn(value: unknown, name: string): readonly [string, unknown] {
  const entries = entriesOf(value);
  const found = entries.find(([key]) => plainName(key) === plainName(name));
  if (found !== undefined) return found;
  const keys = entries.map(([key]) => key).join(", ");
  throw new UsageError(
    `The template asks for .${name}, which is not there; there are: ${keys || "no fields"}`,
  );
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (value instanceof GoStruct) return [...value.fields, ...Object.entries(value.others)];
  const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
  return isFields ? Object.entries(value) : [];
}

function plainName(name: string): string {
  return name.replaceAll(/[._]/g, "").toLowerCase();
}

function isDigest(text: string): boolean {
  return /^[a-z0-9+._-]+:[a-f0-9]{32,}$/i.test(text);
}

function digestMethod(digest: string, name: string): unknown {
  const colon = digest.indexOf(":");
  switch (name) {
    case "Algorithm":
      return digest.slice(0, colon);
    case "Hex":
    case "Encoded":
      return digest.slice(colon + 1);
    case "String":
      return digest;
    default:
      return undefined;
  }
}

function methodOf(result: unknown, value: unknown, name: string): unknown {
  if (result !== undefined) return result;
  throw new UsageError(
    `The template asks for .${name}, which ${JSON.stringify(value)} does not have`,
  );
}
