import type { ImageReference } from "@drayage/core";
import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import { conformance } from "@drayage/testkit";
import { afterAll, describe, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";

/** Each test has its own engine store. */
describe.skipIf(dockerdProgram === undefined)("docker-daemon (needs dockerd)", async () => {
  if (dockerdProgram === undefined) return;
  const engine = await startDockerd();
  afterAll(() => engine[Symbol.asyncDispose]());
  const transport = dockerDaemon({ host: engine.host });
  let count = 0;
  const freshReference = (): ImageReference => transport.parseReference(`image:${count++}`);
  for (const { name, run } of await conformance({
    transport,
    freshReference,
    siblingOf: freshReference,
    overwriting: "replaces",
  }))
    test(name, run);
});
