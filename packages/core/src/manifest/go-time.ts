const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Formats a time of RFC 3339 like Go: without trailing zeros in the fraction, and with `Z` for UTC. Returns undefined for
 * other text.
 */
export function formatGoTime(text: string): string | undefined {
  const [, seconds, fraction = "", zone] = pattern.exec(text) ?? [];
  if (seconds === undefined || zone === undefined || !isDate(seconds)) return undefined;
  const kept = fraction.slice(0, 9).replace(/0{1,9}$/, "");
  const isUTC = zone === "Z" || zone.endsWith("00:00");
  return `${seconds}${kept === "" ? "" : `.${kept}`}${isUTC ? "Z" : zone}`;
}

/** Rejects 30 February, which `Date` accepts as 1 March. */
function isDate(seconds: string): boolean {
  const date = new Date(`${seconds}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(seconds);
}
