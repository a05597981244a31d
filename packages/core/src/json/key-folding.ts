/**
 * The key in the form in which Go's encoding/json compares it with the names of fields: equal for two keys exactly where
 * Go takes both for the same field. `layers`, `Layers` and `layerſ` (U+017F) are one.
 */
export function foldedKey(key: string): string {
  // Most keys need no table, and some documents have nothing but keys.
  if (/^[\0-@[-\x7f]*$/.test(key)) return key;
  if (/^[\0-\x7f]*$/.test(key)) return lower(key);
  return key.replaceAll(/[A-Z]+/g, lower).replaceAll(/[\p{CWCM}--\p{ASCII}]/gv, simpleFolding);
}

function lower(letters: string): string {
  return letters.toLowerCase();
}

/** Only of letters that have a case: some three thousand. */
const foldings = new Map<string, string>();

function simpleFolding(letter: string): string {
  let folded = foldings.get(letter);
  if (folded === undefined) {
    folded = findFolding(letter);
    foldings.set(letter, folded);
  }
  return folded;
}

/**
 * Unicode's simple case folding (CaseFolding.txt, statuses C and S): the lower case of the upper case or, where that is
 * several characters (ß) or another letter (ı), the lower case. What is one letter decides the `i` flag, which follows
 * the same table.
 */
function findFolding(letter: string): string {
  const isSame = new RegExp(`^${letter}$`, "iu");
  const candidates = [lower(letter.toUpperCase()), lower(letter)];
  return candidates.find((candidate) => isSame.test(candidate)) ?? letter;
}
