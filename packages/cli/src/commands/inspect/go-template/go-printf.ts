import { GoMap, GoNil } from "../go-values.ts";
import { printed, printedIn, quotedInGo, typeNameOf, writtenInGo } from "./go-print.ts";

/** Go's `fmt.Sprintf` for template values (package fmt, "Printing"). */
export function goPrintf(format: string, operands: readonly unknown[]): string {
  let next = 0;
  let isReordered = false;
  const take = (): { readonly value: unknown } | undefined =>
    next < operands.length ? { value: operands[next++] } : undefined;
  const text = format.replaceAll(directive, (...match) => {
    const { flags = "", width, precision, index, verb } = match.at(-1) as DirectiveParts;
    if (verb === undefined) return "%!(NOVERB)";
    if (verb === "%") return "%";
    const wide = width === "*" ? Number(take()?.value ?? 0) : Number(width ?? 0);
    const precise =
      precision === undefined
        ? undefined
        : precision === ".*"
          ? Number(take()?.value ?? 0)
          : Number(precision.slice(1));
    if (index !== undefined) {
      isReordered = true;
      next = Number(index) - 1;
    }
    const operand = take();
    if (operand === undefined) return `%!${verb}(${index === undefined ? "MISSING" : "BADINDEX"})`;
    return padded(formatted(operand.value, verb, flags, precise), wide, flags, verb);
  });
  const extra = isReordered ? [] : operands.slice(next);
  if (extra.length === 0) return text;
  const list = extra.map((one) =>
    one === undefined || one === null ? "<nil>" : `${typeNameOf(one)}=${printed(one)}`,
  );
  return `${text}%!(EXTRA ${list.join(", ")})`;
}

interface DirectiveParts {
  readonly flags?: string;
  readonly width?: string;
  readonly precision?: string;
  readonly index?: string;
  readonly verb?: string;
}

const directive =
  /%(?<flags>[-+# 0]{0,5})(?<width>\d{1,4}|\*)?(?<precision>\.(?:\d{1,4}|\*)?)?(?:\[(?<index>\d{1,4})\])?(?<verb>\P{Cn})?/gsu;

function formatted(
  value: unknown,
  verb: string,
  flags: string,
  precision: number | undefined,
): string {
  if (verb === "T") return typeNameOf(value);
  if (verb === "v") {
    if (flags.includes("#")) return writtenInGo(value);
    return printedIn(value ?? null, { names: flags.includes("+") });
  }
  const inner = (one: unknown): string => formatted(one, verb, flags, precision);
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (value instanceof GoMap)
    return `map[${[...value].map(([key, one]) => `${inner(key)}:${inner(one)}`).join(" ")}]`;
  if (value instanceof GoNil && value.kind !== "pointer") return printed(value);
  const text =
    typeof value === "number"
      ? ofNumber(value, verb, flags, precision)
      : ofOther(value, verb, flags, precision);
  return text ?? wrongVerb(value, verb);
}

function wrongVerb(value: unknown, verb: string): string {
  if (value === undefined || value === null) return `%!${verb}(<nil>)`;
  return `%!${verb}(${typeNameOf(value)}=${printed(value)})`;
}

function ofOther(
  value: unknown,
  verb: string,
  flags: string,
  precision: number | undefined,
): string | undefined {
  if (typeof value === "boolean") return verb === "t" ? String(value) : undefined;
  if (value === undefined || value === null) return undefined;
  const text = printed(value);
  const cut = precision === undefined ? text : Array.from(text).slice(0, precision).join("");
  switch (verb) {
    case "s":
      return cut;
    case "q":
      return flags.includes("#") && !/[`\p{Cc}]/u.test(cut) ? `\`${cut}\`` : quotedInGo(cut);
    case "x":
    case "X": {
      const bytes = Buffer.from(text).subarray(0, precision);
      const hex = bytes
        .toString("hex")
        .replaceAll(
          /../g,
          (pair, at: number) => `${flags.includes(" ") && at > 0 ? " " : ""}${pair}`,
        );
      const start = flags.includes("#") && hex !== "" ? "0x" : "";
      return verb === "x" ? start + hex : (start + hex).toUpperCase();
    }
    default:
      return undefined;
  }
}

function ofNumber(
  value: number,
  verb: string,
  flags: string,
  precision: number | undefined,
): string | undefined {
  const text = Number.isInteger(value)
    ? ofInteger(value, verb, flags, precision)
    : ofFloat(Math.abs(value), verb, precision);
  if (text === undefined || verb === "c" || verb === "q" || verb === "U") return text;
  if (value < 0) return `-${text}`;
  return flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text;
}

function ofInteger(value: number, verb: string, flags: string, precision = 0): string | undefined {
  const radix = { d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }[verb];
  if (radix === undefined) return ofCharacter(value, verb);
  const digits = Math.abs(value).toString(radix).padStart(precision, "0");
  const start =
    verb === "O"
      ? "0o"
      : flags.includes("#")
        ? ({ b: "0b", o: "0", x: "0x", X: "0X" }[verb] ?? "")
        : "";
  return start + (verb === "X" ? digits.toUpperCase() : digits);
}

function ofCharacter(value: number, verb: string): string | undefined {
  if (verb === "U") return `U+${value.toString(16).toUpperCase().padStart(4, "0")}`;
  if (verb !== "c" && verb !== "q") return undefined;
  const isCharacter = value >= 0 && value <= 0x10_ff_ff && (value < 0xd8_00 || value > 0xdf_ff);
  const character = isCharacter ? String.fromCodePoint(value) : "\u{fffd}";
  return verb === "c"
    ? character
    : `'${quotedInGo(character)
        .slice(1, -1)
        .replace(String.raw`\"`, '"')
        .replace(/^'$/, String.raw`\'`)}'`;
}

function ofFloat(value: number, verb: string, precision: number | undefined): string | undefined {
  const twoDigits = (text: string): string => text.replace(/e([+-])(\d)$/i, "e$10$2");
  switch (verb) {
    case "f":
    case "F":
      return value.toFixed(Math.min(precision ?? 6, 100));
    case "e":
      return twoDigits(value.toExponential(Math.min(precision ?? 6, 100)));
    case "E":
      return twoDigits(value.toExponential(Math.min(precision ?? 6, 100))).toUpperCase();
    case "g":
      return precision === undefined
        ? printed(value)
        : twoDigits(String(Number(value.toPrecision(Math.max(precision, 1)))));
    default:
      return undefined;
  }
}

function padded(text: string, width: number, flags: string, verb: string): string {
  const missing = Math.min(Math.abs(width), 10_000) - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-") || width < 0) return text + " ".repeat(missing);
  if (!flags.includes("0") || ("vqT".includes(verb) && !/^[-+]?\d/.test(text)))
    return " ".repeat(missing) + text;
  const [sign = ""] = /^[-+ ]?/.exec(text) ?? [];
  return sign + "0".repeat(missing) + text.slice(sign.length);
}
