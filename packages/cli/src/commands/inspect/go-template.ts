import { parseTemplate } from "./go-template/parse-template.ts";
import { runTemplate } from "./go-template/run-template.ts";

/**
 * Renders a template of Go's text/template. Like skopeo, appends a newline if there is none. @throws UsageError for
 * templates that Go rejects and for missing fields
 */
export function renderTemplate(template: string, data: unknown): string {
  const isEnded = template.endsWith("\n") || template.endsWith(String.raw`\n`);
  return runTemplate(parseTemplate(isEnded ? template : `${template}\n`), data);
}
