import { parseSync, Visitor } from "oxc-parser";
import type { VisitorObject } from "oxc-parser";

import type { ReadableText } from "./readable-text.ts";

/** The comments, texts and declared names of a TypeScript file. */
export function sourceTexts(
  file: string,
  content: string,
): { readonly prose: readonly ReadableText[]; readonly names: readonly ReadableText[] } {
  const { program, comments } = parseSync(file, content);
  const prose: ReadableText[] = comments.map(({ value, start }) => ({
    text: withoutCode(value),
    start: start + 2,
  }));
  const names: ReadableText[] = [];
  /** The positions of test titles, which may be single words. */
  const titles = new Set<number>();
  const addName = (node: NamedNode | null | undefined): void => {
    if (typeof node?.name === "string") names.push({ text: node.name, start: node.start });
  };
  const visitor: VisitorObject = {
    CallExpression({ callee, arguments: [title] }) {
      const isTitle = /^(?:describe|test|it)\b/.test(content.slice(callee.start, callee.end));
      if (isTitle && title !== undefined) titles.add(title.start);
    },
    Literal({ value, start }) {
      const isText = typeof value === "string" && (isProse(value) || titles.has(start));
      if (isText) prose.push({ text: value, start });
    },
    TemplateLiteral({ quasis, start }) {
      const parts = quasis.map(({ value }) => value.raw);
      if (!isProse(parts.join("x")) && !titles.has(start)) return;
      for (const { value, start: at } of quasis) prose.push({ text: value.raw, start: at });
    },
    VariableDeclarator: ({ id }) => addName(id),
    FunctionDeclaration({ id, params }) {
      addName(id);
      for (const parameter of params) addName(parameter);
    },
    ArrowFunctionExpression({ params }) {
      for (const parameter of params) addName(parameter);
    },
    ClassDeclaration: ({ id }) => addName(id),
    TSInterfaceDeclaration: ({ id }) => addName(id),
    TSTypeAliasDeclaration: ({ id }) => addName(id),
    TSPropertySignature: ({ key }) => addName(key),
    TSMethodSignature: ({ key }) => addName(key),
    PropertyDefinition: ({ key }) => addName(key),
    MethodDefinition: ({ key }) => addName(key),
  };
  new Visitor(visitor).visit(program);
  return { prose, names };
}

interface NamedNode {
  readonly name?: unknown;
  readonly start: number;
}

/** Code in backticks names other things. */
function withoutCode(comment: string): string {
  return comment.replaceAll(/`[^`]+`/g, (code) => " ".repeat(code.length));
}

/** Titles and messages have spaces; flags, paths and codes have none. */
function isProse(text: string): boolean {
  return /[A-Za-z] [a-z]/.test(text);
}
