import { ImageError } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { describeFailure, exitCodeOf, lineOf } from "../../src/process/failure.ts";
import { Interrupted } from "../../src/process/interruption.ts";

function caught(work: () => void): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe("exit codes", () => {
  test.each([
    { failure: new ImageError("not-found", "it is gone"), code: 2 },
    { failure: new ImageError("denied", "who are you"), code: 1 },
    { failure: new TypeError("a bug"), code: 1 },
    { failure: "not even an error", code: 1 },
    { failure: new Interrupted("interrupted by SIGINT", 130), code: 130 },
  ])("$code for $failure", ({ failure, code }) => {
    expect(exitCodeOf(failure)).toBe(code);
  });

  test("the first failure counts if cleanup fails too", () => {
    const failure = caught(() => {
      using _ = {
        [Symbol.dispose]() {
          throw new Error("cleanup failed");
        },
      };
      throw new ImageError("not-found", "it is gone");
    });
    expect(exitCodeOf(failure)).toBe(2);
    expect(describeFailure(failure, { debug: false })).toBe("drayage: it is gone");
  });
});

test("a message is printed as one line", () => {
  expect(lineOf("first\n  second\n")).toBe("drayage: first; second");
});

test("debug prints the stack traces and codes of all causes", () => {
  const cause = Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
  const failure = new ImageError("unavailable", "the registry is not there", { cause });
  const described = describeFailure(failure, { debug: true }) ?? "";
  expect(described).toMatch(/^drayage: the registry is not there\n/);
  expect(described).toContain("[unavailable]");
  expect(described).toMatch(/caused by Error: connection refused\n\s+at .*\[ECONNREFUSED\]/s);
});

test("a cyclic chain of causes ends", () => {
  const failure = new Error("one");
  failure.cause = new Error("two", { cause: failure });
  expect(describeFailure(failure, { debug: true })).toContain("caused by Error: two");
});

test("a closed standard output is not reported", () => {
  const failure = new Interrupted("the reader closed the output", 141, true);
  expect(describeFailure(failure, { debug: true })).toBeUndefined();
});
