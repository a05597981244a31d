import { expect, test } from "vitest";

// @boundaries-ignore a tool of the root
import { wordProblems } from "../../scripts/words/word-problems.ts";

const found = (file: string, content: string): readonly string[] =>
  wordProblems(file, content).map(({ line, found: word }) => `${line} ${word}`);

test.each([
  ["// Nobody tells whoever asks.", ["1 Nobody", "1 tells", "1 whoever"]],
  ["/**\n * As\n * it was told.\n */\nexport const a = 1;", ["3 told"]],
  ['test("an upload that is given up", () => {});', ["1 given up"]],
  ["describe(`made-up ${manifest}`, () => {});", ["1 made-up"]],
  ["test.each([1])('layers that are packed', () => {});", ["1 packed"]],
  ['throw new Error("There is no place for it, perhaps");', ["1 place", "1 perhaps"]],
  ['describe.skipIf(a)("refusals", () => {});', ["1 refusals"]],
  ["const lentChunks = [];", ["1 lent"]],
  ["interface Token { goodUntil: Date; youngUntil: Date }", ["1 goodUntil", "1 youngUntil"]],
  ["const mostParts = 1, longestName = 2;", ["1 most", "1 longest"]],
  ["function f(learnt: string, inTurn: string) {}", ["1 learnt", "1 inTurn"]],
  ["class A { #told = 1; isRefusal() {} }", ["1 told", "1 Refusal"]],
])("%s is rejected", (content, words) => {
  expect(found("sample.ts", content)).toEqual(words);
});

test("Markdown is checked without its code and links", () => {
  const text = "# The usual\n\n```sh\ntold\n```\n\nSee `told` in [this](told.md), elsewhere.\n";
  expect(found("sample.md", text)).toEqual(["1 usual", "7 elsewhere"]);
});

test.each([
  "/** Replaces the file in place. The check takes place in `told()`. */",
  'import { unpacked } from "@drayage/image-archive";\nunpacked({ refusal: 1 });',
  'const flag = "--told";',
  "const almost = 1; // npm packs packages",
])("%s is accepted", (content) => {
  expect(found("sample.ts", content)).toEqual([]);
});
