import { parseTemplate } from "./go-template/parse-template.ts";
import { runTemplate } from "./go-template/run-template.ts";

/**
 * Renders a template of Go's text/template; like skopeo's it ends with a line's end.
 * @throws UsageError for what Go would refuse, and for a field that is not there
 */
export function renderTemplate(template: string, data: unknown): string {
  const isEnded = template.endsWith("\n") || template.endsWith(String.raw`\n`);
  return runTemplate(parseTemplate(isEnded ? template : `${template}\n`), data);
}
