import { expect, test } from "vitest";

import { printable } from "../src/standard-streams.ts";

test("nothing that a registry says reaches the terminal as a command", () => {
  expect(printable("red\u001B[31m\r\u202Edesrever\nnext line – ünïcödé")).toBe(
    "red\u{fffd}[31m\u{fffd}\u{fffd}desrever\nnext line – ünïcödé",
  );
});
