import { EventEmitter } from "node:events";

import { describe, expect, test } from "vitest";

import { Interrupted, Interruption } from "../../src/process/interruption.ts";

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  readonly stdout = new EventEmitter();
  readonly stderr = new EventEmitter();

  exit(code: number): void {
    this.exits.push(code);
  }
}

function interruptionOf(fake: FakeProcess): Interruption {
  return new Interruption(fake);
}

describe("an interruption", () => {
  test.each([
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("%s aborts with %i and leaves time to clean up", (signal, exitCode) => {
    const fake = new FakeProcess();
    using interruption = interruptionOf(fake);
    fake.emit(signal, signal);
    expect(interruption.signal.reason).toBeInstanceOf(Interrupted);
    expect(interruption.signal.reason).toMatchObject({ exitCode, isSilent: false });
    expect(fake.exits).toEqual([]);
  });

  test("the second Ctrl-C ends the process at once", () => {
    const fake = new FakeProcess();
    using _ = interruptionOf(fake);
    fake.emit("SIGINT", "SIGINT");
    fake.emit("SIGINT", "SIGINT");
    expect(fake.exits).toEqual([130]);
  });

  test("output that nobody reads any more ends the command without a word", () => {
    const fake = new FakeProcess();
    using interruption = interruptionOf(fake);
    fake.stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(interruption.signal.reason).toMatchObject({ exitCode: 141, isSilent: true });
  });

  test("output that cannot be written is an error", () => {
    const fake = new FakeProcess();
    using interruption = interruptionOf(fake);
    fake.stdout.emit("error", Object.assign(new Error("disk full"), { code: "ENOSPC" }));
    expect(interruption.signal.reason).toMatchObject({
      message: "Standard output cannot be written: disk full",
    });
  });

  test("a copy goes on when nobody reads its progress any more", () => {
    const fake = new FakeProcess();
    using interruption = interruptionOf(fake);
    fake.stderr.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(interruption.signal.aborted).toBe(false);
  });

  test("afterwards signals do what they did before", () => {
    const fake = new FakeProcess();
    interruptionOf(fake)[Symbol.dispose]();
    expect(fake.listenerCount("SIGINT")).toBe(0);
  });
});
