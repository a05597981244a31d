import { UsageError } from "../../../flags/usage-error.ts";
import { GoMap, GoNil, GoStruct, GoTime } from "../go-values.ts";

/**
 * A field, a map entry, or the result of a method. Go names of config keys match case-insensitively: `.RootFS.DiffIDs`
 * is `rootfs.diff_ids`. undefined for a missing entry.
 */
export function fieldOf(value: unknown, name: string, operands: readonly unknown[]): unknown {
  if (value === undefined || value === null || value instanceof GoNil)
    return fieldOfNothing(value, name);
  if (value instanceof GoTime) return methodOf(value.call(name, ...operands), value, name);
  if (typeof value === "string" && isDigest(value))
    return methodOf(digestMethod(value, name), value, name);
  if (operands.length > 0)
    throw new UsageError(`The template passes a value to .${name}, which takes none`);
  if (value instanceof GoMap) return value.get(name);
  const found = entriesOf(value).find(([key]) => key === name) ?? entryIn(value, name);
  return found[1] === undefined ? "" : found[1];
}

function fieldOfNothing(value: unknown, name: string): unknown {
  const isPointer = value instanceof GoNil && value.kind === "pointer";
  if (isPointer) throw new UsageError(`The template uses .${name} of a missing value`);
  return undefined;
}

function entryIn(value: unknown, name: string): readonly [string, unknown] {
  const entries = entriesOf(value);
  const found = entries.find(([key]) => plainName(key) === plainName(name));
  if (found !== undefined) return found;
  const keys = entries.map(([key]) => key).join(", ");
  throw new UsageError(
    `The template uses .${name}, which does not exist; available: ${keys || "no fields"}`,
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
  throw new UsageError(`The template uses .${name}, which ${JSON.stringify(value)} does not have`);
}
