import { describe, expect, test } from "vitest";

import { ImageError, isImageError } from "../../src/names/image-error.ts";

describe("an ImageError", () => {
  test("is recognised, also by its code", () => {
    const error = new ImageError("not-found", "No image");
    expect([
      isImageError(error),
      isImageError(error, "not-found"),
      isImageError(error, "denied"),
    ]).toEqual([true, true, false]);
    expect([error.name, String(error)]).toEqual(["ImageError", "ImageError: No image"]);
  });

  test("of another copy of this module is recognised", async () => {
    const again: string = "../../src/names/image-error.ts?copy";
    const copy = (await import(again)) as {
      ImageError: typeof ImageError;
    };
    const error = new copy.ImageError("denied", "No");
    expect(error instanceof ImageError).toBe(false);
    expect(isImageError(error, "denied")).toBe(true);
  });

  test.each([undefined, null, "text", new Error("other"), { code: "not-found" }])(
    "is not %s",
    (value) => {
      expect(isImageError(value)).toBe(false);
    },
  );

  test("is retryable by default only if its code is unavailable", () => {
    expect(new ImageError("unavailable", "").retryable).toBe(true);
    expect(new ImageError("denied", "").retryable).toBe(false);
    expect(new ImageError("conflict", "", { retryable: true }).retryable).toBe(true);
  });

  test("keeps its cause", () => {
    const cause = new Error("why");
    expect(new ImageError("denied", "", { cause }).cause).toBe(cause);
    expect("cause" in new ImageError("denied", "")).toBe(false);
  });
});
