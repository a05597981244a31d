/** Decodes base64 like Go, which ignores line breaks and nothing else. Undefined for other values. */
export function decodedBase64(text: unknown): Buffer | undefined {
  if (typeof text !== "string") return undefined;
  const compact = text.replaceAll(/[\r\n]/g, "");
  const isBase64 =
    compact.length % 4 === 0 && /^[A-Za-z0-9+/]*(?:[A-Za-z0-9+/]=|==)?$/.test(compact);
  return isBase64 ? Buffer.from(compact, "base64") : undefined;
}
