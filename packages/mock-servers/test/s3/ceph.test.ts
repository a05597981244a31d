import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { ask, ended, nextMessage, scratchFolder, startProgram } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { outcomeOf } from "./outcome.ts";
import { signedAsk } from "./signed-ask.ts";

const starterFile = path.join(import.meta.dirname, "ceph-starter.ts");

describe.skipIf(!isCephInstalled)(
  "Ceph (needs radosgw, ceph-mon and ceph-osd)",
  { timeout: 90_000 },
  () => {
    test("several instances run side by side, each with its own buckets", async () => {
      await using one = await startCeph();
      await using other = await startCeph();
      const asked = (ceph: typeof one, line: string): Promise<string> =>
        outcomeOf(signedAsk(ceph.access, line));
      expect(await asked(one, "PUT /bucket")).toBe("200");
      expect(await asked(one, "HEAD /bucket")).toBe("200");
      expect(await asked(other, "HEAD /bucket")).toBe("404");
    });

    test("it ends with the process that started it, even after a kill", async () => {
      const starter = startProgram(starterFile, await scratchFolder());
      const endpoint = String(await nextMessage(starter));
      expect(await outcomeOf(ask(endpoint, "GET /"))).toBe("200");
      starter.kill("SIGKILL");
      expect(await ended(starter)).toBe("SIGKILL");
      const isGone = (): Promise<boolean> =>
        ask(endpoint, "GET /").then(
          () => false,
          () => true,
        );
      while (!(await isGone())) await pause(20);
    });
  },
);
