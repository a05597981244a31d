import { UsageError } from "../../../flags/usage-error.ts";
import { compactJSON } from "../../../process/json-text.ts";
import { GoMap, GoNil } from "../go-values.ts";
import { isLess, isOneOf, isTruth } from "./comparison.ts";
import { printed, printedAll } from "./go-print.ts";
import { goPrintf } from "./go-printf.ts";

interface TemplateFunction {
  /** The number of values that it takes. */
  readonly min: number;
  readonly max: number;
  readonly call: (...operands: readonly unknown[]) => unknown;
}

/**
 * The functions of Go's text/template, and those that podman and newer versions of skopeo add. `and` and `or` are
 * implemented separately, because they do not evaluate all values.
 */
export const templateFunctions: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({
    ...fixed(1, {
      len: lengthOf,
      not: (value) => !isTruth(value),
      json: (value) => compactJSON(value),
      lower: (text) => printed(text).toLowerCase(),
      upper: (text) => printed(text).toUpperCase(),
      title: (text) =>
        printed(text).replaceAll(/(?<![\p{L}\p{N}'_])\p{L}/gu, (letter) => letter.toUpperCase()),
    }),
    ...fixed(2, {
      ne: (value, other) => !isOneOf(value, [other]),
      lt: (value, other) => isLess(value, other),
      le: (value, other) => isLess(value, other) || isOneOf(value, [other]),
      gt: (value, other) => !(isLess(value, other) || isOneOf(value, [other])),
      ge: (value, other) => !isLess(value, other),
      join: (value, separator) => listOf("join", value).map(printed).join(printed(separator)),
      split: (text, separator) => printed(text).split(printed(separator)),
      truncate: (text, length) => Buffer.from(printed(text)).subarray(0, Number(length)).toString(),
    }),
    ...fixed(3, {
      pad: (text, before, after) =>
        text === "" ? "" : " ".repeat(Number(before)) + printed(text) + " ".repeat(Number(after)),
    }),
    eq: { min: 2, max: Infinity, call: (value, ...others) => isOneOf(value, others) },
    index: { min: 1, max: Infinity, call: (value, ...keys) => keys.reduce(entryOf, value) },
    slice: { min: 1, max: 3, call: sliceOf },
    print: { min: 0, max: Infinity, call: (...values) => printedAll(values) },
    println: {
      min: 0,
      max: Infinity,
      call: (...values) => `${values.map(printed).join(" ")}\n`,
    },
    printf: {
      min: 1,
      max: Infinity,
      call: (format, ...values) => goPrintf(textOf("printf", format), values),
    },
    html: { min: 1, max: Infinity, call: (...values) => escapedForHTML(printedAll(values)) },
    js: { min: 1, max: Infinity, call: (...values) => escapedForJavaScript(printedAll(values)) },
    urlquery: {
      min: 1,
      max: Infinity,
      call: (...values) => new URLSearchParams({ q: printedAll(values) }).toString().slice(2),
    },
  } satisfies Record<string, TemplateFunction>),
);

function fixed<Name extends string>(
  count: number,
  calls: Readonly<Record<Name, TemplateFunction["call"]>>,
): Record<Name, TemplateFunction> {
  const entries = Object.entries<TemplateFunction["call"]>(calls);
  return Object.fromEntries(
    entries.map(([name, call]) => [name, { min: count, max: count, call }]),
  ) as Record<Name, TemplateFunction>;
}

function lengthOf(value: unknown): number {
  if (value instanceof GoMap) return value.size;
  return typeof value === "string" ? Buffer.byteLength(value) : listOf("len", value).length;
}

function entryOf(value: unknown, key: unknown): unknown {
  if (value instanceof GoMap) return value.get(String(key)) ?? "";
  if (value instanceof GoNil && value.kind === "map") return "";
  const list = typeof value === "string" ? Buffer.from(value) : listOf("index", value);
  const at = typeof key === "number" ? key : -1;
  if (at in list) return list[at];
  throw new UsageError(`{{index}}: ${printed(key)} is out of range, the length is ${list.length}`);
}

function sliceOf(value: unknown, start: unknown = 0, end?: unknown): unknown {
  const isText = typeof value === "string";
  const list = isText ? Buffer.from(value) : listOf("slice", value);
  const [from, to] = [Number(start), Number(end ?? list.length)];
  if (!(from >= 0 && from <= to && to <= list.length))
    throw new UsageError(
      `{{slice}}: ${from} to ${to} is out of range, the length is ${list.length}`,
    );
  const part = list.slice(from, to);
  return isText ? Buffer.from(part as Uint8Array).toString() : part;
}

function listOf(call: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null || value instanceof GoNil) return [];
  if (Array.isArray(value)) return value;
  throw new UsageError(`{{${call}}} requires a list`);
}

function textOf(call: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new UsageError(`{{${call}}} requires a string first`);
}

function escapedForHTML(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    "\0": "\u{fffd}",
    '"': "&#34;",
    "'": "&#39;",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
  };
  return text.replaceAll(/[\0"'&<>]/g, (character) => escapes[character] ?? character);
}

function escapedForJavaScript(text: string): string {
  return text.replaceAll(/[\\'"<>&=\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    if (/[\\'"]/.test(character)) return `\\${character}`;
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).toUpperCase().padStart(4, "0")}`).join("");
  });
}
