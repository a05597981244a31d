import type { Answer } from "@drayage/registry/http";

/** The content of an element: text, elements by name, or undefined to omit it. */
export type XmlContent = string | number | boolean | undefined | XmlElements;

/** Elements in this order. An array is a repeated element. */
export interface XmlElements {
  readonly [name: string]: XmlContent | readonly XmlContent[];
}

export function xmlAnswer(name: string, content: XmlContent): Answer {
  const headers = { "Content-Type": "application/xml" };
  return { status: 200, headers, body: formatXml(name, content) };
}

/** Formats a document. The root has S3's namespace, except for errors. */
export function formatXml(name: string, content: XmlContent): string {
  const namespace = name === "Error" ? "" : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespace}>${inner(content)}</${name}>`;
}

function inner(content: XmlContent): string {
  if (typeof content !== "object") return escaped(String(content ?? ""));
  return Object.entries(content)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one]))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${String(name)}>${inner(value as XmlContent)}</${String(name)}>`)
    .join("");
}

function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex -- a key may have them, and they need to be written as references.
  return text.replaceAll(/[&<>"\u0000-\u001F]/g, (one) => `&#${one.charCodeAt(0)};`);
}
