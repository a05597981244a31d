/** The known word with the smallest edit distance: at most two, and less than half of the longer word. */
export function closestMatch(word: string, known: Iterable<string>): string | undefined {
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    const isClose = distance <= 2 && distance * 2 < Math.max(word.length, candidate.length);
    if (isClose && distance < (best?.distance ?? Infinity)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** The number of insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [];
  const at = (line: number, column: number): number => rows[line]?.[column] ?? Infinity;
  for (let line = 0; line <= from.length; line++) {
    const row: number[] = [];
    rows.push(row);
    for (let column = 0; column <= to.length; column++) {
      if (line === 0 || column === 0) {
        row.push(line + column);
        continue;
      }
      const [a, b] = [from[line - 1], to[column - 1]];
      const isSwap = a === to[column - 2] && b === from[line - 2];
      const change = at(line - 1, column - 1) + (a === b ? 0 : 1);
      const swap = isSwap ? at(line - 2, column - 2) + 1 : Infinity;
      row.push(Math.min(change, swap, at(line - 1, column) + 1, at(line, column - 1) + 1));
    }
  }
  return at(from.length, to.length);
}
