import { ImageError } from "@drayage/core";
import { findConnectionFailure } from "@drayage/transport-kit/wire";
import { describe, expect, test } from "vitest";

import { lineOf } from "../../src/process/failure.ts";
import { plainJSON } from "../../src/process/json-text.ts";
import { EventLines } from "../../src/progress/event-lines.ts";

describe.each(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"])("the message of %s", (code) => {
  const message = `example.com ${findConnectionFailure(code)?.reason}: no tags`;
  const error = new ImageError("unavailable", message);
  const event = { kind: "retry", operation: "read", attempt: 1, delay: 0, error } as const;

  test("names a setting of the library", () => {
    expect(message).toContain('(setting "idleTimeout"): no tags');
  });

  test.each([
    ["an error", lineOf(message)],
    ["an event", plainJSON(event)],
    ["a retry", new EventLines().lineOf(event)],
  ])("does not in %s of the command", (_, shown) => {
    expect(shown).toMatch(/example\.com [^()]+: no tags/);
  });
});
