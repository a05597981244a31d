import { attacksOn, longAttacksOn } from "./expression-attacks.ts";

/** Milliseconds of CPU time. A linear expression takes a fraction of it. */
const maxShort = 1.5;
const maxLong = 3000;

interface Request {
  readonly pattern: string;
  readonly flags: string;
  readonly longLength: number;
}

/** Tests the received expressions one by one, and sends the slow text of each, or null. */
process.on("message", ({ pattern, flags, longLength }: Request) => {
  const expression = new RegExp(pattern, flags);
  const slow =
    firstSlow(expression, attacksOn(pattern), maxShort) ??
    firstSlow(expression, longAttacksOn(pattern, longLength), maxLong);
  process.send?.({ slow: slow === undefined ? null : shown(slow) });
});

function firstSlow(
  expression: RegExp,
  attacks: Iterable<string>,
  limit: number,
): string | undefined {
  for (const text of attacks) if (isSlow(expression, text, limit)) return text;
  return undefined;
}

/** Takes the fastest of several runs, because compilation or garbage collection may delay others. */
function isSlow(expression: RegExp, text: string, limit: number): boolean {
  for (let run = 0; run < 4; run++) {
    if (timeOf(() => apply(expression, text)) <= limit) return false;
  }
  return true;
}

function timeOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Finds all matches if there can be several, as callers do. */
function apply(expression: RegExp, text: string): void {
  expression.lastIndex = 0;
  if (expression.global) text.replaceAll(expression, "");
  else expression.exec(text);
}

function shown(text: string): string {
  return `${JSON.stringify(text.slice(0, 20))}… of ${text.length} characters`;
}
