import type { ReadableText } from "./readable-text.ts";

/** The prose of a Markdown file, without code and link targets. Offsets are those of the file. */
export function markdownTexts(content: string): readonly ReadableText[] {
  const blank = (code: string): string => code.replaceAll(/[^\n]/g, " ");
  const text = content
    .replaceAll(/^(```|~~~)[^]*?^\1/gm, blank)
    .replaceAll(/`[^`\n]+`/g, blank)
    .replaceAll(/\]\([^)\n]*\)/g, blank)
    .replaceAll(/<!--[^]*?-->/g, blank);
  return [{ text, start: 0 }];
}
