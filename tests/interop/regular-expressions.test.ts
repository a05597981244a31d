import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { isTorture, startProgram } from "@drayage/test-support";
import { expect, test } from "vitest";

import { findRegularExpressions } from "./regular-expressions.ts";
import type { WrittenExpression } from "./regular-expressions.ts";

const program = path.join(import.meta.dirname, "slow-expressions.program.ts");
/** Milliseconds without output of the program: an expression takes more than quadratic time. */
const maxSilence = 60_000;

/** Characters. An expression that takes quadratic time needs a minute for the shorter text. */
const longLength = isTorture ? 1_000_000 : 200_000;

/**
 * Files with expressions that are built from data. They are reviewed manually in
 * docs/decisions/26-regular-expressions.md.
 */
const ofData = ["packages/core/src/json/key-folding.ts"];

const expressions = await findRegularExpressions();

test("every regular expression of the sources takes linear time, also for long texts", async () => {
  expect(expressions.length).toBeGreaterThan(150);
  const known = expressions.filter(({ pattern }) => pattern !== undefined);
  const unknown = expressions.filter((one) => !known.includes(one));
  expect(unknown.filter(({ location }) => !ofData.includes(location.replace(/:\d+$/, "")))).toEqual(
    [],
  );
  expect(await slowOnes(known)).toEqual([]);
}, 900_000);

test("the page on regular expressions names each file", async () => {
  const page = path.join(import.meta.dirname, "../../docs/decisions/26-regular-expressions.md");
  const text = await readFile(page, "utf8");
  const files = expressions.map(({ location }) =>
    location.replace(/^packages\//, "").replace(/:\d+$/, ""),
  );
  expect(files.filter((file) => !text.includes(`\`${file}\``))).toEqual([]);
});

test.each([
  String.raw`\s*\n\s*`,
  String.raw`\s+$`,
  String.raw`\/+$`,
  String.raw`^(a+)+$`,
  String.raw`<([^>]*)>`,
  String.raw`"(?:[^"\\]|\\.)*"`,
  String.raw`HTTP request .*HTTPS`,
  String.raw`(\.\d*?)0+(?!\d)`,
])(
  "a slow expression is detected: %s",
  async (pattern) => {
    const slow = await slowOnes([{ location: "here", pattern, flags: "g" }], 500);
    expect(slow.length).toBe(1);
  },
  60_000,
);

test.each([String.raw`^\s*$`, String.raw`[\p{C}\s]+`, String.raw`^[a-z0-9]+(?:\.[a-z0-9]+)*$`])(
  "a fast expression is accepted: %s",
  async (pattern) => {
    expect(await slowOnes([{ location: "here", pattern, flags: "gu" }])).toEqual([]);
  },
  60_000,
);

/** The locations of slow expressions, and the texts for which they are slow. */
async function slowOnes(
  tested: readonly WrittenExpression[],
  longest: number = maxSilence,
): Promise<readonly string[]> {
  const slow: string[] = [];
  let child = startProgram(program);
  for (const { location, pattern, flags } of tested) {
    child.send({ pattern, flags, longLength });
    try {
      const signal = AbortSignal.timeout(longest);
      const [answer] = (await once(child, "message", { signal })) as [{ slow: string | null }];
      if (answer.slow !== null) slow.push(`${location} /${pattern}/${flags}: ${answer.slow}`);
    } catch {
      slow.push(`${location} /${pattern}/${flags}: does not end`);
      child.kill("SIGKILL");
      child = startProgram(program);
    }
  }
  child.kill();
  return slow;
}
