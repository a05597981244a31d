import { ImageError } from "@drayage/core";

/** Responses of S3 are nested five levels deep. */
const maxDepth = 100;
/** Characters. Elements of S3 have one attribute at most. */
const maxTag = 4096;
/** XML has its first `<` within these characters, which may start with a byte order mark. */
const maxMark = 5;

/**
 * Rejects XML that the SDK would parse in quadratic time or with a deep stack. With `root`, rejects everything except
 * XML with such a root element: the SDK parses a web page as an empty list. Accepts other formats otherwise.
 * @throws ImageError `unsupported`
 */
export function checkXML(content: Uint8Array, root?: RegExp): void {
  const { buffer, byteOffset, byteLength } = content;
  // Stores send spaces while they assemble an object.
  const text = Buffer.from(buffer, byteOffset, byteLength).toString("latin1").trimStart();
  if (root !== undefined && !root.test(rootOf(text))) throw notS3("is not a list");
  if (!text.slice(0, maxMark).includes("<")) return;
  let depth = 0;
  for (let start = text.indexOf("<"); start >= 0; start = text.indexOf("<", start + 1)) {
    const end = text.indexOf(">", start);
    if (end < 0 || end - start > maxTag)
      throw notS3(`has an element of more than ${maxTag} characters`);
    const isClosing = text[start + 1] === "/";
    const isSingle = text[end - 1] === "/" || text[start + 1] === "?" || text[start + 1] === "!";
    if (isClosing) depth--;
    else if (!isSingle) depth++;
    if (depth > maxDepth) throw notS3(`is nested more than ${maxDepth} levels deep`);
    start = end;
  }
}

/** The name of the first element; empty if there is none. */
function rootOf(text: string): string {
  const start = text.slice(0, maxTag);
  return /<(?:\w+:)?([A-Za-z]\w*)/.exec(start)?.[1] ?? "";
}

function notS3(problem: string): ImageError {
  return new ImageError(
    "unsupported",
    `The response of the store ${problem}; check that the endpoint is an S3 store`,
  );
}
