import { ImageError } from "@drayage/core";

/** S3 nests its answers five deep, and its elements have one attribute at most. */
const maxDepth = 100;
const maxTag = 4096;
/** Where XML has its first `<` at last: behind a byte order mark. */
const maxMark = 5;

/**
 * Refuses XML that the SDK would read in quadratic time or with a deep stack, and, where `root` is given, everything but
 * XML with such an element: the SDK takes a web page for an empty list. Other formats pass.
 * @throws ImageError `unsupported`
 */
export function checkXML(content: Uint8Array, root?: RegExp): void {
  const { buffer, byteOffset, byteLength } = content;
  // Stores send spaces while they put an object together.
  const text = Buffer.from(buffer, byteOffset, byteLength).toString("latin1").trimStart();
  if (root !== undefined && !root.test(rootOf(text))) throw notS3("is no list");
  if (!text.slice(0, maxMark).includes("<")) return;
  let depth = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) {
    const end = text.indexOf(">", at);
    if (end < 0 || end - at > maxTag)
      throw notS3(`has an element of more than ${maxTag} characters`);
    const isClosing = text[at + 1] === "/";
    const isSingle = text[end - 1] === "/" || text[at + 1] === "?" || text[at + 1] === "!";
    if (isClosing) depth--;
    else if (!isSingle) depth++;
    if (depth > maxDepth) throw notS3(`is nested more than ${maxDepth} deep`);
    at = end;
  }
}

/** The name of the first element; empty where there is none. */
function rootOf(text: string): string {
  const start = text.slice(0, maxTag);
  return /<(?:\w+:)?([A-Za-z]\w*)/.exec(start)?.[1] ?? "";
}

function notS3(why: string): ImageError {
  return new ImageError(
    "unsupported",
    `The store's answer ${why}: check that the endpoint is that of an S3 store`,
  );
}
