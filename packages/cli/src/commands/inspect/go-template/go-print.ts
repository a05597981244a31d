import { GoMap, GoNil, GoStruct, GoTime } from "../go-values.ts";

/** Formats a value like Go's `%v`. undefined is a missing entry. */
export function printed(value: unknown): string {
  return printedIn(value, { names: false });
}

/** `%v`, or `%+v` with field names. */
export function printedIn(value: unknown, style: { readonly names: boolean }): string {
  const inner = (one: unknown): string => printedIn(one, style);
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (value instanceof GoNil)
    return value.kind === "list" ? "[]" : value.kind === "map" ? "map[]" : "<nil>";
  if (value instanceof GoMap)
    return `map[${[...value].map(([key, one]) => `${key}:${inner(one)}`).join(" ")}]`;
  if (value instanceof GoTime) return value.toString();
  if (typeof value === "object") {
    const fields = [...fieldsOf(value)];
    return `{${fields.map(([key, one]) => `${style.names ? `${key}:` : ""}${inner(one === undefined ? "" : one)}`).join(" ")}}`;
  }
  return typeof value === "string" ? value : numberOrTruth(value as number | boolean);
}

function fieldsOf(value: object): Iterable<readonly [string, unknown]> {
  return value instanceof GoStruct ? value.fields : Object.entries(value);
}

/** Go writes exponents with at min two digits. */
function numberOrTruth(value: number | boolean): string {
  if (typeof value === "boolean" || Number.isInteger(value)) return String(value);
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Adds spaces between operands if neither is a string. */
export function printedAll(values: readonly unknown[]): string {
  return values
    .map((value, index) => {
      const before = values[index - 1];
      const isApart = index > 0 && typeof value !== "string" && typeof before !== "string";
      return `${isApart ? " " : ""}${printed(value)}`;
    })
    .join("");
}

/** The output of `%T`. */
export function typeNameOf(value: unknown): string {
  if (value === undefined || value === null) return "<nil>";
  if (value instanceof GoNil) return nilNames[value.kind];
  if (value instanceof GoTime) return "*time.Time";
  if (value instanceof GoStruct) return value.typeName;
  if (value instanceof GoMap) return `map[string]${typeNameOf([...value.values()][0] ?? "")}`;
  if (Array.isArray(value)) return `[]${typeNameOf((value as readonly unknown[])[0] ?? "")}`;
  if (typeof value === "object") return "struct {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

const nilNames = { list: "[]string", map: "map[string]string", pointer: "*time.Time" } as const;

/** The output of `%#v`. */
export function writtenInGo(value: unknown): string {
  if (value instanceof GoNil) return `${typeNameOf(value)}(nil)`;
  if (value instanceof GoMap) {
    const entries = [...value].map(([key, one]) => `${quotedInGo(key)}:${writtenInGo(one)}`);
    return `${typeNameOf(value)}{${entries.join(", ")}}`;
  }
  if (Array.isArray(value)) return `${typeNameOf(value)}{${value.map(writtenInGo).join(", ")}}`;
  if (
    value instanceof GoStruct ||
    (typeof value === "object" && value !== null && !(value instanceof GoTime))
  ) {
    const fields = [...fieldsOf(value)].map(([key, one]) => `${key}:${writtenInGo(one)}`);
    return `${typeNameOf(value)}{${fields.join(", ")}}`;
  }
  return typeof value === "string" ? quotedInGo(value) : printed(value);
}

/** The output of `%q`, with Go's escapes for unprintable characters. */
export function quotedInGo(text: string): string {
  const escaped = text.replaceAll(/[\\"\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const short = shortEscapes[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    if (code < 0x80) return `\\x${digits.padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}

const shortEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': String.raw`\"`,
  "\u0007": String.raw`\a`,
  "\b": String.raw`\b`,
  "\f": String.raw`\f`,
  "\n": String.raw`\n`,
  "\r": String.raw`\r`,
  "\t": String.raw`\t`,
  "\v": String.raw`\v`,
};
