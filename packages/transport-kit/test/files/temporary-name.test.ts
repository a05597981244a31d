import fc from "fast-check";
import { expect, test } from "vitest";

import { thisProcess } from "../../src/files/process-identity.ts";
import { isTemporaryName, ownerOf, temporaryName } from "../../src/files/temporary-name.ts";

const hex = (length: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const owned = fc.record({ host: hex(8), pid: fc.nat({ max: 4_194_304 }), random: hex(16) });

test("the name of a temporary file contains its process and is unique", () => {
  const names = Array.from({ length: 100 }, temporaryName);
  expect(names.map(ownerOf)).toEqual(names.map(() => thisProcess));
  expect(names.every(isTemporaryName)).toBe(true);
  expect(new Set(names).size).toBe(100);
});

test("the process is read from every name of this form", () => {
  const check = fc.property(owned, ({ host, pid, random }) => {
    expect(ownerOf(`.drayage-${host}-${pid}-${random}`)).toEqual({ host, pid });
  });
  fc.assert(check);
});

test("every other name has no process", () => {
  const name = ".drayage-0a1b2c3d-17-0123456789abcdef";
  expect(ownerOf(name)).toEqual({ host: "0a1b2c3d", pid: 17 });
  const others = [
    `x${name}`,
    `${name}x`,
    ".drayage-lock",
    ".drayage-0a1b2c3-17-0123456789abcdef",
    ".drayage-0a1b2c3g-17-0123456789abcdef",
    ".drayage-0a1b2c3d--0123456789abcdef",
    ".drayage-0a1b2c3d-1x-0123456789abcdef",
    ".drayage-0a1b2c3d-17-0123456789abcde",
    ".drayage-0a1b2c3d-17-0123456789abcdeg",
    "index.json",
  ];
  expect(others.map(ownerOf)).toEqual(others.map(() => undefined));
  expect(["index.json", "drayage-x", "x.drayage-x"].some(isTemporaryName)).toBe(false);
});
