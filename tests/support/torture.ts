/** Whether `npm run torture` runs the tests: it runs the long forms of those that `npm test` shortens. */
export const isTorture: boolean = process.env["DRAYAGE_TORTURE"] === "1";

/** An image in and out, an index too, and found again: what every set-up of a store is tested with. */
const smoke = ["destination/round-trip", "destination/index", "copy/again"];

/**
 * The checks of the conformance suite for another set-up of a store that passes the whole suite: a smoke test, and
 * the requirements whose names begin with one of these. All of them where none are named, and in torture.
 */
export function narrowed<Check extends { readonly name: string }>(
  checks: readonly Check[],
  bearsOn: readonly string[] | undefined,
): readonly Check[] {
  if (bearsOn === undefined || isTorture) return checks;
  const beginnings = [...smoke, ...bearsOn];
  const unknown = beginnings.find((one) => !checks.some(({ name }) => name.startsWith(one)));
  if (unknown !== undefined) throw new Error(`No check is named ${unknown}`);
  return checks.filter(({ name }) => beginnings.some((one) => name.startsWith(one)));
}
