import { InvalidArgumentError } from "commander";

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Parses Go durations such as `90s`, `1h30m` and `1.5s` to milliseconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h)/g)];
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
  throw new InvalidArgumentError("Write a whole number of at least 1.");
}

const bytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1 << 10,
  MiB: 1 << 20,
  GiB: 1 << 30,
};

/** Parses `64MiB`, `100MB` or `5000000` to bytes, at least 1. @throws InvalidArgumentError */
export function parseSize(text: string): number {
  const [, count, unit = "B"] = /^(\d{1,9}(?:\.\d+)?)([kKMG]i?B|B)?$/.exec(text) ?? [];
  const size = Math.floor(Number(count) * (bytes[unit] ?? NaN));
  if (size > 0) return size;
  throw new InvalidArgumentError("Write a size such as 64MiB, 100MB or 5000000.");
}

/** All values of a flag that may be repeated, or have several values separated by commas. */
export function listedByCommas(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(",").filter(Boolean)];
}

/** All numbers of a flag that may be repeated, or have several separated by commas. @throws InvalidArgumentError */
export function listedIntegers(text: string, before: readonly number[] = []): readonly number[] {
  const parts = text.split(",").filter(Boolean);
  if (parts.length > 0 && parts.every((part) => /^-?\d{1,9}$/.test(part)))
    return [...before, ...parts.map(Number)];
  throw new InvalidArgumentError("Write a whole number, such as 0 or -1.");
}

/** All values of a flag that may be repeated. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
