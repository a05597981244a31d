import { markdownTexts } from "./markdown-texts.ts";
import type { ReadableText } from "./readable-text.ts";
import { sourceTexts } from "./source-texts.ts";
import { nameRules, proseRules } from "./word-rules.ts";
import type { WordRule } from "./word-rules.ts";

export interface WordProblem {
  readonly line: number;
  readonly found: string;
  /** What to write instead. */
  readonly advice: string;
}

/** The words to avoid in a Markdown or TypeScript file: in prose, comments, test titles, messages and declared names. */
export function wordProblems(file: string, content: string): readonly WordProblem[] {
  const { prose, names } = file.endsWith(".md")
    ? { prose: markdownTexts(content), names: [] }
    : sourceTexts(file, content);
  const problems = [
    ...prose.flatMap((text) => found(text, proseRules)),
    ...names.flatMap((name) => found(name, nameRules)),
  ];
  return problems
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, ...problem }) => ({ line: lineAt(content, start), ...problem }));
}

function found(
  { text, start }: ReadableText,
  rules: readonly WordRule[],
): readonly { readonly start: number; readonly found: string; readonly advice: string }[] {
  return rules.flatMap(({ pattern, advice }) =>
    [...text.matchAll(pattern)].map((match) => ({
      start: start + match.index,
      found: match[0],
      advice,
    })),
  );
}

function lineAt(content: string, offset: number): number {
  return content.slice(0, offset).split("\n").length;
}
