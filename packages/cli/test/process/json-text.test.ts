import { ImageError } from "@drayage/core";
import { expect, test } from "vitest";

import { compactJSON, formatJSON, plainJSON } from "../../src/process/json-text.ts";

test("four spaces deep, with HTML's characters escaped, as Go writes it", () => {
  expect(formatJSON({ Env: ["A=<b>&c\u2028"] })).toBe(
    '{\n    "Env": [\n        "A=\\u003cb\\u003e\\u0026c\\u2028"\n    ]\n}\n',
  );
});

test("what is not there is null", () => {
  expect(compactJSON(undefined)).toBe("null");
});

test("bytes are left out, whatever holds them, and errors are their code and message", () => {
  const error = new ImageError("unavailable", "try later", { cause: new Error("a detail") });
  const event = {
    kind: "retry",
    bytes: Buffer.from("x"),
    deep: [{ raw: new Uint8Array(3) }],
    error,
  };
  expect(JSON.parse(plainJSON(event))).toEqual({
    kind: "retry",
    deep: [{}],
    error: { code: "unavailable", message: "try later" },
  });
});

test("a number of bytes is no bytes", () => {
  expect(plainJSON({ kind: "blob-progress", bytes: 7 })).toBe('{"kind":"blob-progress","bytes":7}');
});
