import { UsageError } from "../../../flags/usage-error.ts";
import { parsePipe } from "./parse-pipe.ts";
import { invalid } from "./template-error.ts";
import type { TemplateNode, Templates } from "./template-nodes.ts";
import { templateParts } from "./template-parts.ts";
import type { TemplatePart } from "./template-parts.ts";

/** Parses a template of Go's text/template and the templates that it defines. @throws UsageError */
export function parseTemplate(text: string): Templates {
  const reader = new TemplateReader(templateParts(text));
  const { nodes, end } = reader.body(["eof"]);
  if (end.word !== "eof") throw invalid(end.action, "there is no open block");
  return new Map([...reader.templates, ["", nodes]]);
}

/** The end of a body: `end`, `else`, or the end of the template. */
interface BodyEnd {
  readonly word: string;
  readonly action: string;
  /** The text after the keyword. */
  readonly rest: string;
}

const maxDepth = 1000;

class TemplateReader {
  readonly templates = new Map<string, readonly TemplateNode[]>();
  readonly #parts: readonly TemplatePart[];
  #at = 0;
  readonly #open: string[] = [];

  constructor(parts: readonly TemplatePart[]) {
    this.#parts = parts;
  }

  body(ends: readonly string[]): {
    readonly nodes: readonly TemplateNode[];
    readonly end: BodyEnd;
  } {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const part = this.#parts[this.#at++];
      if (part === undefined) return { nodes, end: this.#endOfTemplate(ends) };
      if (part.kind === "text") {
        nodes.push(part);
        continue;
      }
      const [, word = "", rest = ""] = /^\s*([a-z]*)(?![\w])(.*)$/s.exec(part.text) ?? [];
      const end = { word, action: part.text, rest };
      if (word === "end" || word === "else") {
        if (ends.includes(word)) return { nodes, end };
        throw invalid(part.text, "there is no block to end");
      }
      const node = this.#node(end);
      if (node !== undefined) nodes.push(node);
    }
  }

  #endOfTemplate(ends: readonly string[]): BodyEnd {
    if (ends.includes("eof")) return { word: "eof", action: "", rest: "" };
    throw new UsageError(`The template has a {{${this.#open.at(-1)}}} without an {{end}}`);
  }

  #node({ word, action, rest }: BodyEnd): TemplateNode | undefined {
    switch (word) {
      case "if":
      case "with":
      case "range":
        return this.#branch(word, action, rest);
      case "break":
      case "continue":
        if (rest.trim() !== "" || !this.#open.includes("range"))
          throw invalid(action, "it is only allowed inside {{range}}");
        return { kind: word };
      case "define": {
        const { name, pipe } = this.#named(action, rest);
        if (pipe !== undefined || this.#open.length > 0)
          throw invalid(action, "a definition needs a name and must be at the top level");
        this.templates.set(name, this.#inner("define"));
        return undefined;
      }
      case "block": {
        const { name, pipe } = this.#named(action, rest);
        this.templates.set(name, this.#inner("block"));
        return { kind: "template", name, pipe };
      }
      case "template":
        return { kind: "template", ...this.#named(action, rest) };
      default:
        return { kind: "print", pipe: parsePipe(action) };
    }
  }

  #branch(kind: "if" | "with" | "range", action: string, rest: string): TemplateNode {
    const pipe = parsePipe(action, rest);
    const maxVariables = kind === "range" ? 2 : 1;
    if (pipe.variables.length > maxVariables)
      throw invalid(action, `it sets more than ${maxVariables} variables`);
    if (this.#open.length >= maxDepth) throw invalid(action, "it is nested too deeply");
    this.#open.push(kind);
    const { nodes: body, end } = this.body(["end", "else"]);
    const otherwise = end.word === "else" ? this.#otherwise(end) : [];
    this.#open.pop();
    return { kind, pipe, body, otherwise };
  }

  /** `{{else}}`, or `{{else if …}}`, which shares the `{{end}}`. */
  #otherwise({ action, rest }: BodyEnd): readonly TemplateNode[] {
    const [, word, condition = ""] = /^\s*(if|with)(?![\w])(.*)$/s.exec(rest) ?? [];
    if (word !== undefined) return [this.#branch(word as "if", action, condition)];
    if (rest.trim() !== "") throw invalid(action, "else must be followed by nothing, if or with");
    return this.body(["end"]).nodes;
  }

  #inner(kind: string): readonly TemplateNode[] {
    this.#open.push(kind);
    const { nodes } = this.body(["end"]);
    this.#open.pop();
    return nodes;
  }

  #named(
    action: string,
    rest: string,
  ): { readonly name: string; readonly pipe: ReturnType<typeof parsePipe> | undefined } {
    const [, quoted = "", pipe = ""] = /^\s*("[^"\\\n]*"|`[^`]*`)(.*)$/s.exec(rest) ?? [];
    if (quoted === "") throw invalid(action, 'a template needs a name such as "part"');
    const name = quoted.slice(1, -1);
    return { name, pipe: pipe.trim() === "" ? undefined : parsePipe(action, pipe) };
  }
}
