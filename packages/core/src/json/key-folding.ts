/**
 * The key in the form in which Go's encoding/json compares it with field names. Two keys have the same form exactly if
 * Go reads them as the same field: `layers`, `Layers` and `layerſ` (U+017F).
 */
export function foldedKey(key: string): string {
  // A fast path for ASCII, because a document may consist mainly of keys.
  if (/^[\0-\x7f]*$/.test(key)) return lower(key);
  return key.replaceAll(/[A-Z]+/g, lower).replaceAll(/[\p{CWCM}--\p{ASCII}]/gv, simpleFolding);
}

function lower(letters: string): string {
  return letters.toLowerCase();
}

/** Cache. Only cased letters are added, about three thousand. */
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
 * Unicode's simple case folding (CaseFolding.txt, statuses C and S): the lower case of the upper case. If that is several
 * characters (ß) or another letter (ı), it is the lower case. The `i` flag of regular expressions uses the same table, so
 * it decides whether two characters are the same letter.
 */
function findFolding(letter: string): string {
  const isSame = new RegExp(`^${letter}$`, "iu");
  const candidates = [lower(letter.toUpperCase()), lower(letter)];
  return candidates.find((candidate) => isSame.test(candidate)) ?? letter;
}
