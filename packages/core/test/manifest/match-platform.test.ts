import { describe, expect, test } from "vitest";

import { includesPlatform, rankPlatform } from "../../src/manifest/match-platform.ts";
import { parsePlatform } from "../../src/manifest/platform.ts";

/** The platforms that fit, the best first. */
function ranked(wanted: string, platforms: readonly string[]): readonly string[] {
  return platforms
    .map((text) => ({ text, rank: rankPlatform(parsePlatform(text), parsePlatform(wanted)) }))
    .filter(({ rank }) => rank < Infinity)
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ text }) => text);
}

describe("images that fit a platform, the best first", () => {
  const amd64 = ["linux/amd64", "linux/amd64/v1", "linux/amd64/v2", "linux/amd64/v3"];
  const windows = [
    "windows(10.0.17763.5329)/amd64",
    "windows(10.0.20348.1)/amd64",
    "windows(10.0.20348.2340)/amd64",
    "windows/amd64",
  ];
  test.each([
    ["linux/amd64", amd64, ["linux/amd64", "linux/amd64/v1"]],
    ["linux/amd64/v1", amd64, ["linux/amd64/v1", "linux/amd64"]],
    ["linux/amd64/v2", amd64, ["linux/amd64/v2", "linux/amd64/v1", "linux/amd64"]],
    [
      "linux/amd64/v4",
      amd64,
      ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64/v1", "linux/amd64"],
    ],
    ["linux/arm64", ["linux/arm64/v9", "linux/arm64/v8"], ["linux/arm64/v8"]],
    [
      "linux/arm64/v9",
      ["linux/arm64", "linux/arm64/v8", "linux/arm64/v9"],
      ["linux/arm64/v9", "linux/arm64/v8", "linux/arm64"],
    ],
    [
      "linux/arm",
      ["linux/arm/v5", "linux/arm/v7", "linux/arm"],
      ["linux/arm", "linux/arm/v7", "linux/arm/v5"],
    ],
    ["linux/riscv64/x", ["linux/riscv64", "linux/riscv64/y"], ["linux/riscv64"]],
    ["windows/amd64", windows, windows],
    [
      "windows(10.0.20348.2340)/amd64",
      windows,
      ["windows(10.0.20348.2340)/amd64", "windows(10.0.20348.1)/amd64", "windows/amd64"],
    ],
    ["windows(10.0.17763)/amd64", windows, ["windows(10.0.17763.5329)/amd64", "windows/amd64"]],
    ["windows(10.0.2)/amd64", windows, ["windows/amd64"]],
    [
      "windows/amd64",
      ["windows(+win32k)/amd64", "windows/amd64"],
      ["windows/amd64", "windows(+win32k)/amd64"],
    ],
    [
      "windows(+win32k)/amd64",
      ["windows/amd64", "windows(+win32k)/amd64", "windows(+hyperv)/amd64"],
      ["windows(+win32k)/amd64", "windows/amd64"],
    ],
    ["linux/arm/v7", ["linux(9)/arm/v7", "linux/arm/v6"], ["linux(9)/arm/v7", "linux/arm/v6"]],
  ])("for %s out of %j", (wanted, platforms, expected) => {
    expect(ranked(wanted, platforms)).toEqual(expected);
  });
});

test.each([
  ["linux/arm", "linux/arm/v6", true],
  ["linux/arm/v7", "linux/arm/v6", false],
  ["linux/arm/v7", "linux/arm", false],
  ["linux/arm64", "linux/arm64/v9", true],
  ["linux/arm64/v8", "linux/arm64", true],
  ["linux/amd64/v1", "linux/amd64", true],
  ["linux/amd64/v2", "linux/amd64", false],
  ["linux/amd64/v2", "linux/amd64/v2", true],
  ["linux/amd64", "linux/arm64", false],
  ["linux/amd64", "windows/amd64", false],
  ["windows/amd64", "windows(10.0.17763.1+win32k)/amd64", true],
  ["windows(10.0.17763)/amd64", "windows(10.0.17763.1)/amd64", true],
  ["windows(10.0.1776)/amd64", "windows(10.0.17763.1)/amd64", false],
  ["windows(10.0.17763.2)/amd64", "windows(10.0.17763.1)/amd64", false],
  ["windows(10.0.17763)/amd64", "windows/amd64", false],
  ["windows(+win32k)/amd64", "windows(+win32k+other)/amd64", true],
  ["windows(+win32k)/amd64", "windows/amd64", false],
])("%s selects %s: %s", (wanted, platform, expected) => {
  expect(includesPlatform(parsePlatform(wanted), parsePlatform(platform))).toBe(expected);
});
