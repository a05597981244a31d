import { S3Error } from "./s3-error.ts";

/** A parsed element. Attributes and namespaces are ignored. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Only for elements without children. */
  readonly text: string;
}

/** Parses the document of a request. @throws S3Error `MalformedXML` */
export function parseXml(text: string): XmlElement {
  const tokens = text
    .replace(/^\uFEFF?\s*(?:<\?xml[^>]*\?>)?/, "")
    .matchAll(/<(?<close>\/?)(?<name>[A-Za-z][\w.-]*)(?<rest>[^<>]*)>|(?<text>[^<]+)|(?<odd>.)/gs);
  const root: OpenElement = { name: "", children: [], text: "" };
  const open = [root];
  for (const { groups = {} } of tokens) {
    const parent = open.at(-1) ?? root;
    if (groups["odd"] !== undefined) throw malformed();
    if (groups["text"] !== undefined) parent.text += unescaped(groups["text"]);
    else if (groups["close"] === "/") {
      if (open.length === 1 || parent.name !== groups["name"]) throw malformed();
      open.pop();
    } else {
      const element: OpenElement = { name: groups["name"] ?? "", children: [], text: "" };
      parent.children.push(element);
      if (!groups["rest"]?.endsWith("/")) open.push(element);
    }
  }
  const [document, ...more] = root.children;
  if (document === undefined || more.length > 0 || open.length > 1 || root.text.trim() !== "") {
    throw malformed();
  }
  return document;
}

/** The text of the only child with that name. @throws S3Error `MalformedXML` if there are several */
export function findText({ children }: XmlElement, name: string): string | undefined {
  const found = children.filter((child) => child.name === name);
  if (found.length > 1) throw malformed();
  return found[0]?.text;
}

export function malformed(): S3Error {
  return new S3Error(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

interface OpenElement {
  readonly name: string;
  readonly children: OpenElement[];
  text: string;
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescaped(text: string): string {
  return text.replaceAll(
    /&(?:#x([\da-f]{1,6});|#(\d{1,7});|(\w+);)?/gi,
    (_, hex, decimal, name) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(String(hex), 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      const known = entities[String(name)];
      if (known === undefined) throw malformed();
      return known;
    },
  );
}
