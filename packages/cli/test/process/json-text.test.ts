import { ImageError } from "@drayage/core";
import { expect, test } from "vitest";

import { compactJSON, formatJSON, plainJSON } from "../../src/process/json-text.ts";

test("JSON is indented by four spaces with HTML characters escaped, like Go's", () => {
  expect(formatJSON({ Env: ["A=<b>&c\u2028"] })).toBe(
    '{\n    "Env": [\n        "A=\\u003cb\\u003e\\u0026c\\u2028"\n    ]\n}\n',
  );
});

test("undefined is printed as null", () => {
  expect(compactJSON(undefined)).toBe("null");
});

test("bytes are omitted, and errors are reduced to code and message", () => {
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

test("a number named bytes is kept", () => {
  expect(plainJSON({ kind: "blob-progress", bytes: 7 })).toBe('{"kind":"blob-progress","bytes":7}');
});
