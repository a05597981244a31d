const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** A time of RFC 3339 as Go writes it again: without zeros at the end of the fraction, and `Z` for UTC; undefined for any other text. */
export function goTime(text: string): string | undefined {
  const [, seconds, fraction = "", zone] = pattern.exec(text) ?? [];
  if (seconds === undefined || zone === undefined || !isDate(seconds)) return undefined;
  const kept = fraction.slice(0, 9).replace(/0{1,9}$/, "");
  const isUTC = zone === "Z" || zone.endsWith("00:00");
  return `${seconds}${kept === "" ? "" : `.${kept}`}${isUTC ? "Z" : zone}`;
}

/** False for the 30th of February, which `Date` takes for the 1st of March. */
function isDate(seconds: string): boolean {
  const date = new Date(`${seconds}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(seconds);
}
