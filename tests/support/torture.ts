/** Whether `npm run torture` runs the tests. It runs the long versions of tests that `npm test` shortens. */
export const isTorture: boolean = process.env["DRAYAGE_TORTURE"] === "1";

/** The requirements for every configuration of a store: round trips of an image and an index, and a second copy. */
const smokeTest = ["destination/round-trip", "destination/index", "copy/again"];

/**
 * Selects checks of the conformance suite for another configuration of a store that passes the whole suite: a smoke test
 * and the requirements with one of the prefixes. Returns all checks without prefixes, and in `npm run torture`.
 */
export function narrowed<Check extends { readonly name: string }>(
  checks: readonly Check[],
  affected: readonly string[] | undefined,
): readonly Check[] {
  if (affected === undefined || isTorture) return checks;
  const prefixes = [...smokeTest, ...affected];
  const unknown = prefixes.find((prefix) => !checks.some(({ name }) => name.startsWith(prefix)));
  if (unknown !== undefined) throw new Error(`No check starts with ${unknown}`);
  return checks.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
}
