import { invalid } from "./template-error.ts";

/** A token of an action. */
export type TemplateToken =
  | { readonly kind: "field" | "variable" | "word"; readonly name: string }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "mark"; readonly mark: "." | "(" | ")" | "|" | "," | ":=" | "=" }
  | { readonly kind: "space" };

const pattern =
  /(?<space>\s+)|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<variable>\$[\p{L}\p{N}_]*)|(?<number>[+-]?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\p{L}\p{N}_]))|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<raw>`[^`]*`)|(?<character>'(?:[^'\\\n]|\\.)+')|(?<mark>:=|[.()|,=])/uy;

/** @throws UsageError */
export function tokensOf(action: string): readonly TemplateToken[] {
  const tokens: TemplateToken[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < action.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(action)?.groups;
    if (groups === undefined) throw invalid(action, `it is not valid from ${action.slice(at)} on`);
    tokens.push(tokenOf(groups, action));
  }
  return tokens;
}

function tokenOf(groups: Readonly<Record<string, string>>, action: string): TemplateToken {
  const { space, field, variable, number, word, string, raw, character, mark } = groups;
  if (space !== undefined) return { kind: "space" };
  if (field !== undefined) return { kind: "field", name: field.slice(1) };
  if (variable !== undefined) return { kind: "variable", name: variable };
  if (number !== undefined) return { kind: "literal", value: numberOf(number) };
  if (word !== undefined) return { kind: "word", name: word };
  if (raw !== undefined) return { kind: "literal", value: raw.slice(1, -1) };
  if (string !== undefined) return { kind: "literal", value: unquoted(string, action) };
  if (character !== undefined) {
    const text = unquoted(character, action);
    return { kind: "literal", value: text.codePointAt(0) ?? 0 };
  }
  return { kind: "mark", mark: mark as "." };
}

function numberOf(text: string): number {
  return text.startsWith("-") ? -Number(text.slice(1)) : Number(text.replace("+", ""));
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** Go's escapes (Go specification, "Rune literals"). */
function unquoted(quoted: string, action: string): string {
  return quoted
    .slice(1, -1)
    .replaceAll(
      /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{3})|(.))/gi,
      (all, ...found) => {
        const [x, u, U, octal, letter] = found as readonly (string | undefined)[];
        const hex = x ?? u ?? U;
        if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
        if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
        const escaped = letter === undefined ? undefined : escapes[letter];
        if (escaped === undefined) throw invalid(action, `Go has no escape ${all}`);
        return escaped;
      },
    );
}
