import { mkdtempSync, realpathSync, symlinkSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { explicitPathOf } from "../../src/files/explicit-path.ts";

describe("an explicit path", () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "explicit-path-")));

  beforeAll(async () => {
    await mkdir(path.join(folder, "real/inner"), { recursive: true });
    symlinkSync(path.join(folder, "real"), path.join(folder, "link"));
    symlinkSync(path.join(folder, "nowhere"), path.join(folder, "dangling"));
  });

  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ["real/inner", "real/inner"],
    ["link/inner", "real/inner"],
    ["link", "real"],
    ["link/new", "real/new"],
    ["real/inner/../new", "real/new"],
    ["real/", "real"],
  ])("of %s is %s", (given, explicit) => {
    expect(explicitPathOf(path.join(folder, given))).toBe(path.join(folder, explicit));
  });

  test.each(["missing/new", "dangling"])("is rejected for %s", (given) => {
    const attempt = (): unknown => explicitPathOf(path.join(folder, given));
    expect(attempt).toThrow(expect.objectContaining({ code: "invalid-reference" }));
  });
});

test("a path that is too long is rejected as such", () => {
  const tooLong = "/folder".repeat(1000);
  expect(() => explicitPathOf(tooLong)).toThrow(/cannot be used: the name is too long/);
});
