import { compactJSON } from "../json-text.ts";
import { UsageError } from "../usage-error.ts";
import { GoMap, GoTime } from "./go-values.ts";

/**
 * The part of Go's text/template that people use to pick something out: fields, `json`, `len`, `index`, `join` and
 * `range`. The text ends with a line's end.
 * @throws UsageError for everything else, and for a field that is not there
 */
export function renderTemplate(template: string, data: unknown): string {
  const tokens = template.matchAll(/\{\{(.*?)\}\}|\{\{|(?:(?!\{\{).)+/gs);
  const rendered = render(parse(tokens, false), data);
  return rendered.endsWith("\n") ? rendered : `${rendered}\n`;
}

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly words: readonly string[] }
  | { readonly kind: "range"; readonly over: string; readonly body: readonly Node[] };

function parse(tokens: Iterator<RegExpExecArray>, isInRange: boolean): readonly Node[] {
  const nodes: Node[] = [];
  for (let next = tokens.next(); !next.done; next = tokens.next()) {
    const [text, action] = next.value;
    if (text === "{{") throw new UsageError("The template has a {{ without its }}");
    if (action === undefined) {
      nodes.push({ kind: "text", text: unescaped(text) });
      continue;
    }
    const words = action.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
    const [first, over] = words;
    if (first === "end" && isInRange) return nodes;
    if (first === "range" && over !== undefined && words.length === 2) {
      nodes.push({ kind: "range", over, body: parse(tokens, true) });
    } else {
      nodes.push({ kind: "value", words });
    }
  }
  if (isInRange) throw new UsageError("The template has a {{range}} without its {{end}}");
  return nodes;
}

/** Shells pass `\n` and `\t` on as they are. */
function unescaped(text: string): string {
  return text.replaceAll("\\n", "\n").replaceAll("\\t", "\t");
}

function render(nodes: readonly Node[], data: unknown): string {
  return nodes.map((node) => renderNode(node, data)).join("");
}

function renderNode(node: Node, data: unknown): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "value":
      return printed(valueOf(node.words, data));
    case "range": {
      const over = operand(node.over, data) ?? [];
      if (over instanceof GoMap || Array.isArray(over)) {
        return [...over.values()].map((one) => render(node.body, one)).join("");
      }
      throw new UsageError(`{{range ${node.over}}}: that is no list`);
    }
  }
}

function valueOf(words: readonly string[], data: unknown): unknown {
  const [name = "", ...rest] = words;
  const call = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (call === undefined) {
    if (rest.length > 0) throw notKnown(words);
    return operand(name, data);
  }
  const operands = rest.map((word) => operand(word, data));
  if (operands.length === 0) throw notKnown(words);
  return call(...operands);
}

const functions: Readonly<Record<string, (...operands: readonly unknown[]) => unknown>> = {
  json: (value) => compactJSON(value),
  len: (value) => {
    if (value instanceof GoMap) return value.size;
    return typeof value === "string" ? Buffer.byteLength(value) : listOf("len", value).length;
  },
  join: (value, separator) => listOf("join", value).map(printed).join(printed(separator)),
  index: (value, ...keys) => keys.reduce(entryOf, value),
};

function entryOf(value: unknown, key: unknown): unknown {
  if (value instanceof GoMap) return value.get(String(key)) ?? "";
  const at = Number(key);
  const list = listOf("index", value);
  if (at in list) return list[at];
  throw new UsageError(`{{index}}: there are ${list.length}, so none is at ${String(key)}`);
}

/** `.`, `.Config.Env`, `"text"` or a number. */
function operand(word: string, data: unknown): unknown {
  if (/^"(?:[^"\\]|\\["\\nt])*"$/.test(word)) return JSON.parse(word);
  if (/^\d+$/.test(word)) return Number(word);
  if (!/^\.(?:\w+(?:\.\w+)*)?$/.test(word)) throw notKnown([word]);
  return word.split(".").filter(Boolean).reduce(fieldOf, data);
}

/** Go's names for the keys of a config are those keys in other letters: `.RootFS.DiffIDs` is `rootfs.diff_ids`. */
function fieldOf(value: unknown, name: string): unknown {
  if (value === undefined || value === null) return undefined;
  if (value instanceof GoMap) return value.has(name) ? value.get(name) : "<no value>";
  const keys = typeof value === "object" && !Array.isArray(value) ? Object.keys(value) : [];
  const key = keys.find((one) => plainName(one) === plainName(name));
  if (key !== undefined) return (value as Readonly<Record<string, unknown>>)[key];
  throw new UsageError(
    `The template asks for .${name}, which is not there; there are: ${keys.join(", ") || "no fields"}`,
  );
}

function plainName(name: string): string {
  return name.replaceAll(/[._]/g, "").toLowerCase();
}

function listOf(call: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new UsageError(`{{${call}}} wants a list`);
}

/** As Go prints it. */
function printed(value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (value instanceof GoMap) {
    return `map[${[...value].map(([key, one]) => `${key}:${printed(one)}`).join(" ")}]`;
  }
  if (value instanceof GoTime) return value.toString();
  if (typeof value === "string") return value;
  if (typeof value !== "object") return JSON.stringify(value);
  throw new UsageError("The template prints something with fields; write {{json …}} around it");
}

function notKnown(words: readonly string[]): UsageError {
  return new UsageError(
    `The template's {{${words.join(" ")}}} is not known here; known are {{.Field}}, {{json .Field}}, ` +
      '{{len .Field}}, {{join .Field ","}}, {{index .Field "key"}} and {{range .Field}}…{{end}}',
  );
}
