import { UsageError } from "../../../flags/usage-error.ts";

/** A template, split at its braces. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly text: string };

/**
 * Text and actions (Go's text/template, "Text and spaces"). `{{- ` and ` -}}` trim adjacent white space; comments are
 * dropped. Shells do not expand `\n` and `\t`, so this does.
 */
export function templateParts(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let trims = false;
  for (let at = 0; at < template.length;) {
    const start = template.indexOf("{{", at);
    const text = template.slice(at, start < 0 ? undefined : start);
    const action = start < 0 ? undefined : actionAt(template, start);
    const unescaped = text.replaceAll(String.raw`\n`, "\n").replaceAll(String.raw`\t`, "\t");
    const left = trims ? unescaped.trimStart() : unescaped;
    parts.push({ kind: "text", text: action?.trimsBefore ? left.trimEnd() : left });
    if (action === undefined) break;
    if (action.text !== undefined) parts.push({ kind: "action", text: action.text });
    trims = action.trimsAfter;
    at = action.end;
  }
  return parts;
}

interface ActionText {
  /** undefined for a comment. */
  readonly text: string | undefined;
  readonly trimsBefore: boolean;
  readonly trimsAfter: boolean;
  /** The position after the braces. */
  readonly end: number;
}

function actionAt(template: string, start: number): ActionText {
  const trimsBefore = /^\{\{-\s/.test(template.slice(start, start + 4));
  const inner = start + (trimsBefore ? 4 : 2);
  const comment = /^\s*\/\*/.exec(template.slice(inner, inner + 100)) !== null;
  const end = comment ? endOfComment(template, inner) : endOfAction(template, inner);
  const text = template.slice(inner, end);
  const trimsAfter = /\s-$/.test(text.slice(-2));
  return {
    text: comment ? undefined : trimsAfter ? text.slice(0, -2) : text,
    trimsBefore,
    trimsAfter,
    end: end + 2,
  };
}

function endOfComment(template: string, from: number): number {
  const end = template.indexOf("*/", from);
  const braces = end < 0 ? -1 : template.indexOf("}}", end);
  if (braces < 0) throw new UsageError("The template has a {{/* without a */}}");
  return braces;
}

/** The first `}}` outside of a string. */
function endOfAction(template: string, from: number): number {
  const pieces = /"(?:[^"\\\n]|\\.)*("?)|`[^`]*(`?)|'(?:[^'\\\n]|\\.)*('?)|\}\}/g;
  pieces.lastIndex = from;
  for (let match = pieces.exec(template); match !== null; match = pieces.exec(template)) {
    if (match[0] === "}}") return match.index;
    if (match.slice(1).includes("")) break;
  }
  throw new UsageError("The template has a {{ without a }}");
}
