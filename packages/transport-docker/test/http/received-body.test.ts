import { setImmediate } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { ReceiveBuffers } from "../../src/http/receive-buffers.ts";
import { ReceivedBody } from "../../src/http/received-body.ts";

/** What the body told the connection. */
function controlled(): { body: ReceivedBody; told: string[] } {
  const told: string[] = [];
  const controller = {
    pause: () => told.push("pause"),
    resume: () => told.push("resume"),
    abort: () => told.push("abort"),
  };
  const body = new ReceivedBody(controller, new ReceiveBuffers());
  return { body, told };
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

describe("a body", () => {
  test("is what came, before and while it is read", async () => {
    const { body, told } = controlled();
    body.add(Buffer.from("one"));
    const reading = readAll(body);
    await setImmediate();
    body.add(Buffer.from("two"));
    await setImmediate();
    body.add(Buffer.from("three"));
    body.end();
    expect(await reading).toEqual(["one", "two", "three"]);
    expect(told).not.toContain("abort");
  });

  test("is in the memory that it came in, parts that lie side by side as one", async () => {
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

  test("lets the connection wait while too much of it waits", async () => {
    const { body, told } = controlled();
    body.add(new Uint8Array(400_000));
    expect(told).toEqual([]);
    body.add(new Uint8Array(400_000));
    expect(told).toEqual(["pause"]);
    const reading = body[Symbol.asyncIterator]();
    await reading.next();
    expect(told).toEqual(["pause", "resume"]);
    await reading.return();
  });

  test("breaks off with its failure, after what came before it", async () => {
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
    const { body, told } = controlled();
    body.add(Buffer.from("one"));
    for await (const _ of body) break;
    expect(told).toContain("abort");
  });
});

describe("a body that nobody wants", () => {
  test("is read to its end where that is near", async () => {
    const { body, told } = controlled();
    body.add(new Uint8Array(100_000));
    body.end();
    await body.discard();
    expect(told).not.toContain("abort");
  });

  test("closes the connection where it is not", async () => {
    const { body, told } = controlled();
    body.add(new Uint8Array(200_000));
    await body.discard();
    expect(told).toContain("abort");
  });

  test("may break off", async () => {
    const { body } = controlled();
    body.end(new Error("broken"));
    await expect(body.discard()).resolves.toBeUndefined();
  });
});
