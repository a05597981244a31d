import { InvalidArgumentError } from "commander";

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's durations, `90s`, `1h30m`, `1.5s`, in milliseconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw new InvalidArgumentError("Write a duration such as 30s, 500ms or 1h30m.");
  }
  return parts.reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (milliseconds[unit] ?? 0),
    0,
  );
}

/** @throws InvalidArgumentError */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write a whole number.");
}

/** At least 1. @throws InvalidArgumentError */
export function parseBound(text: string): number {
  const bound = parseCount(text);
  if (bound > 0) return bound;
  throw new InvalidArgumentError("Write a whole number from 1 on.");
}
