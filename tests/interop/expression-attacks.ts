/** Characters of the classes that expressions distinguish. */
const kinds = [" ", "\n", "0", "1", "a", "A", "~", "\\", '"', "\0", "é"];
const shortLength = 3000;
/** Text that an expression does not expect after a repetition. */
const ends = ["\0", "\n~", "1"];

/**
 * Repetitions for which a non-linear expression is slow: of its own characters, after any prefix. Empty for an
 * expression without an unlimited repetition.
 */
export function* attacksOn(pattern: string): Generator<string> {
  if (!/[*+]|\{\d+,\}/.test(pattern)) return;
  const units = unitsOf(pattern);
  for (const unit of units) {
    const repeated = unit.repeat(Math.ceil(shortLength / unit.length));
    for (const end of ends) {
      yield repeated + end;
      for (const start of units) yield start + repeated + end;
    }
    for (const other of units) {
      const pair = unit + other;
      yield pair.repeat(Math.ceil(shortLength / pair.length)) + ends[0];
    }
  }
}

/** The same with a length for which only linear expressions finish. */
export function* longAttacksOn(pattern: string, length: number): Generator<string> {
  for (const unit of unitsOf(pattern)) {
    yield unit.repeat(Math.ceil(length / unit.length)) + ends[0];
  }
}

/** Single characters and words in an expression. */
function unitsOf(pattern: string): readonly string[] {
  const literal = pattern.replaceAll(/\\([^\w])/g, "$1");
  const words = literal.match(/[A-Za-z0-9 "{:<@_-]{3,}/g) ?? [];
  const characters = literal.replaceAll(/\\[a-zA-Z]|[()[\]?*+^$|]/g, "");
  return [...new Set([...kinds, ...characters.split(""), ...words.slice(0, 8)])];
}
