import { once } from "node:events";

import { findProgram } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { Daemons } from "../daemons.ts";

describe.skipIf(findProgram("setpriv") === undefined)("daemons (need setpriv)", () => {
  test("waiting for an ended daemon fails", async () => {
    const daemons = new Daemons();
    daemons.start("sleep", "60");
    daemons.start("false");
    await once(daemons.signal, "abort");
    expect(daemons.signal.reason).toMatchObject({ message: "false ended" });
    await daemons.stop();
  });

  test("daemons are stopped together, repeatedly", async () => {
    const daemons = new Daemons();
    for (const seconds of ["60", "61"]) daemons.start("sleep", seconds);
    expect(daemons.signal.aborted).toBe(false);
    await daemons.stop();
    await daemons.stop();
    expect(daemons.signal.reason).toMatchObject({ message: "sleep ended" });
  });
});
