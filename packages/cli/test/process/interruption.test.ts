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

  test("a second signal exits immediately", () => {
    const fake = new FakeProcess();
    using _ = interruptionOf(fake);
    fake.emit("SIGINT", "SIGINT");
    fake.emit("SIGINT", "SIGINT");
    expect(fake.exits).toEqual([130]);
  });

  test("a closed standard output ends the command silently", () => {
    const fake = new FakeProcess();
    using interruption = interruptionOf(fake);
    fake.stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(interruption.signal.reason).toMatchObject({ exitCode: 141, isSilent: true });
  });

  test("a failing standard output is an error", () => {
    const fake = new FakeProcess();
    using interruption = interruptionOf(fake);
    fake.stdout.emit("error", Object.assign(new Error("disk full"), { code: "ENOSPC" }));
    expect(interruption.signal.reason).toMatchObject({
      message: "Writing to standard output failed: disk full",
    });
  });

  test("a closed standard error does not stop the command", () => {
    const fake = new FakeProcess();
    using interruption = interruptionOf(fake);
    fake.stderr.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(interruption.signal.aborted).toBe(false);
  });

  test("signals have their default effect after dispose", () => {
    const fake = new FakeProcess();
    interruptionOf(fake)[Symbol.dispose]();
    expect(fake.listenerCount("SIGINT")).toBe(0);
  });
});
