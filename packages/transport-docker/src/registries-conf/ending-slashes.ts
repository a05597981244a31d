/** A name without the slashes at its end, however many there are. */
export function withoutEndingSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "/") end--;
  return text.slice(0, end);
}
