import { setImmediate } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { ReceiveBuffers } from "../../src/http/receive-buffers.ts";
import { ResponseBody } from "../../src/http/response-body.ts";

/** A body, and the calls to its connection. */
function controlled(): { body: ResponseBody; calls: string[] } {
  const calls: string[] = [];
  const controller = {
    pause: () => calls.push("pause"),
    resume: () => calls.push("resume"),
    abort: () => calls.push("abort"),
  };
  const body = new ResponseBody(controller, new ReceiveBuffers());
  return { body, calls };
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

describe("a body", () => {
  test("has the chunks from before and during the read", async () => {
    const { body, calls } = controlled();
    body.add(Buffer.from("one"));
    const reading = readAll(body);
    await setImmediate();
    body.add(Buffer.from("two"));
    await setImmediate();
    body.add(Buffer.from("three"));
    body.end();
    expect(await reading).toEqual(["one", "two", "three"]);
    expect(calls).not.toContain("abort");
  });

  test("returns the received memory, with adjacent chunks joined", async () => {
    const { body } = controlled();
    const memory = Buffer.from("abcdefgh");
    for (const [start, end] of [
      [0, 3],
      [3, 5],
      [6, 8],
    ] as const)
      body.add(memory.subarray(start, end));
    body.add(Uint8Array.of(33));
    body.end();
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    expect(chunks.map((chunk) => Buffer.from(chunk).toString())).toEqual(["abcde", "gh", "!"]);
    expect(chunks[0]?.buffer).toBe(memory.buffer);
  });

  test("pauses the connection while too many bytes are unread", async () => {
    const { body, calls } = controlled();
    body.add(new Uint8Array(400_000));
    expect(calls).toEqual([]);
    body.add(new Uint8Array(400_000));
    expect(calls).toEqual(["pause"]);
    const reading = body[Symbol.asyncIterator]();
    await reading.next();
    expect(calls).toEqual(["pause", "resume"]);
    await reading.return();
  });

  test("throws its error after the chunks before it", async () => {
    const { body } = controlled();
    body.add(Buffer.from("one"));
    body.end(new Error("broken"));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of body) seen.push(Buffer.from(chunk).toString());
    })();
    await expect(reading).rejects.toThrow("broken");
    expect(seen).toEqual(["one"]);
  });

  test("that is left early closes the connection", async () => {
    const { body, calls } = controlled();
    body.add(Buffer.from("one"));
    for await (const _ of body) break;
    expect(calls).toContain("abort");
  });
});

describe("a discarded body", () => {
  test("is read to its end if it is short", async () => {
    const { body, calls } = controlled();
    body.add(new Uint8Array(100_000));
    body.end();
    await body.discard();
    expect(calls).not.toContain("abort");
  });

  test("closes the connection if it is long", async () => {
    const { body, calls } = controlled();
    body.add(new Uint8Array(200_000));
    await body.discard();
    expect(calls).toContain("abort");
  });

  test("may fail", async () => {
    const { body } = controlled();
    body.end(new Error("broken"));
    await expect(body.discard()).resolves.toBeUndefined();
  });
});
