import { setImmediate } from "node:timers/promises";

import { ReceivedChunks } from "@drayage/transport-kit/wire";
import type { ReceivedChunksSettings } from "@drayage/transport-kit/wire";
import { describe, expect, test, vi } from "vitest";

/** Chunks, and the calls to their connection. */
function controlled(settings: Partial<ReceivedChunksSettings> = {}) {
  const calls: string[] = [];
  const connection = { pause: () => calls.push("pause"), resume: () => calls.push("resume") };
  return { calls, chunks: new ReceivedChunks(connection, { maxUnread: 10, ...settings }) };
}

async function textsOf(chunks: ReceivedChunks): Promise<string[]> {
  const texts: string[] = [];
  for await (const chunk of chunks.read()) texts.push(Buffer.from(chunk).toString());
  return texts;
}

describe("received chunks", () => {
  test("are read in order, also those that arrive during the read", async () => {
    const { chunks } = controlled();
    chunks.add(Buffer.from("one"));
    const reading = textsOf(chunks);
    await setImmediate();
    chunks.add(Buffer.from("two"));
    await setImmediate();
    chunks.add(Buffer.from("three"));
    expect(chunks.hasEnded).toBe(false);
    chunks.end();
    expect(await reading).toEqual(["one", "two", "three"]);
    expect(chunks.hasEnded).toBe(true);
  });

  test("pause the connection at the limit and resume it below", async () => {
    const { calls, chunks } = controlled();
    chunks.add(Buffer.alloc(9));
    expect(calls).toEqual([]);
    chunks.add(Buffer.alloc(1));
    expect(calls).toEqual(["pause"]);
    await chunks.read().next();
    expect(calls).toEqual(["pause", "resume"]);
  });

  test("are released when the next one is requested", async () => {
    const released: string[] = [];
    const { chunks } = controlled({
      release: (chunk) => void released.push(Buffer.from(chunk).toString()),
    });
    chunks.add(Buffer.from("one"));
    chunks.add(Buffer.from("two"));
    chunks.end();
    const reading = chunks.read();
    await reading.next();
    expect(released).toEqual([]);
    await reading.next();
    expect(released).toEqual(["one"]);
    await reading.next();
    expect(released).toEqual(["one", "two"]);
  });

  test("are followed by the first failure of the connection", async () => {
    const { chunks } = controlled();
    const failure = new Error("broken");
    chunks.add(Buffer.from("one"));
    chunks.end(failure);
    chunks.end();
    const reading = chunks.read();
    expect((await reading.next()).value).toEqual(Buffer.from("one"));
    await expect(reading.next()).rejects.toBe(failure);
  });

  test("fail to be read if they arrive too slowly", async () => {
    await expect(readAtRate(1)).rejects.toMatchObject({ code: "ERR_TOO_SLOW" });
    expect(await readAtRate(2048)).toBe(5 * 2048);
  });
});

/** Reads for five seconds of a fake clock, with a `slowTimeout` of three seconds. Returns the number of bytes. */
async function readAtRate(bytesPerSecond: number): Promise<number> {
  using clock = vi.spyOn(performance, "now").mockReturnValue(0);
  const { chunks } = controlled({ slowTimeout: 3000 });
  const reading = chunks.read();
  let size = 0;
  for (let second = 1; second <= 5; second++) {
    const next = reading.next();
    await setImmediate();
    clock.mockReturnValue(second * 1000);
    chunks.add(Buffer.alloc(bytesPerSecond));
    size += (await next).value?.byteLength ?? 0;
  }
  return size;
}
