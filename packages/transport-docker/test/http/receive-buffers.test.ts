import { createHash, randomBytes } from "node:crypto";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

import { describe, expect, test } from "vitest";

import { ReceiveBuffers } from "../../src/http/receive-buffers.ts";

const sent = randomBytes(24 << 20);
const expected = createHash("sha256").update(sent).digest("hex");

/** A connection on which all of `sent` comes. */
async function connected(buffers: ReceiveBuffers): Promise<Socket & AsyncDisposable> {
  const server = createServer((socket) => socket.end(sent));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, onread: buffers.onread() });
  return Object.assign(socket, {
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      server.close();
    },
  });
}

async function ended(socket: Socket): Promise<void> {
  await new Promise((resolve) => {
    socket.on("end", resolve);
  });
}

describe("what is read on connections", () => {
  test("is in the same memory again and again, where it is given back", async () => {
    const buffers = new ReceiveBuffers();
    await using socket = await connected(buffers);
    const memory = new Set<ArrayBufferLike>();
    const found = createHash("sha256");
    socket.on("data", (chunk: Buffer) => {
      buffers.lend(chunk);
      memory.add(chunk.buffer);
      found.update(chunk);
      buffers.giveBack(chunk);
    });
    await ended(socket);
    expect(found.digest("hex")).toBe(expected);
    expect(memory.size).toBeLessThan(5);
  });

  test("stays what it is until it is given back, whoever reads beside it", async () => {
    const buffers = new ReceiveBuffers();
    await using keeping = await connected(buffers);
    await using late = await connected(buffers);
    await using quick = await connected(buffers);
    const kept: Buffer[] = [];
    keeping.on("data", (chunk: Buffer) => {
      buffers.lend(chunk);
      kept.push(chunk);
    });
    const lateFound = createHash("sha256");
    const waiting: Buffer[] = [];
    const take = (): void => {
      const chunk = waiting.shift();
      if (chunk === undefined) return;
      lateFound.update(chunk);
      buffers.giveBack(chunk);
    };
    late.on("data", (chunk: Buffer) => {
      buffers.lend(chunk);
      waiting.push(chunk);
      if (waiting.length > 3) take();
    });
    const quickFound = createHash("sha256");
    quick.on("data", (chunk: Buffer) => {
      buffers.lend(chunk);
      quickFound.update(chunk);
      buffers.giveBack(chunk);
    });
    await Promise.all([keeping, late, quick].map(ended));
    while (waiting.length > 0) take();
    expect(Buffer.concat(kept).equals(sent)).toBe(true);
    expect(lateFound.digest("hex")).toBe(expected);
    expect(quickFound.digest("hex")).toBe(expected);
  });
});

describe("memory", () => {
  test("is used again when something came from what follows it, and not before", () => {
    const { buffers, read } = reader();
    const [first, second, third, fourth] = [read(), read(), read(), read()];
    buffers.lend(first);
    buffers.giveBack(first);
    // More of it may be on its way through the parser.
    const others = [read(), read()];
    expect(placesOf([first, second, third, fourth, ...others])).toHaveLength(6);
    buffers.lend(third);
    // Where to read to was said already.
    read();
    expect(placesOf([first, second, read(), read()])).toHaveLength(2);
  });

  test("is not used again while somebody has a part of it", () => {
    const { buffers, read } = reader();
    const first = read();
    buffers.lend(first.subarray(0, 1000));
    buffers.lend(first.subarray(1000));
    buffers.giveBack(first.subarray(0, 1000));
    buffers.lend(read());
    const others = [read(), read()];
    buffers.giveBack(first.subarray(1000));
    expect(placesOf([first, ...others, read()])).toHaveLength(4);
    expect(placesOf([first, read()])).toHaveLength(1);
  });

  test("that has room left is filled up first", () => {
    const { read } = reader();
    const [first, second] = [read(1000), read(1000)];
    expect(placesOf([first, second])).toHaveLength(1);
    expect(second.byteOffset).toBe(1000);
  });
});

function placesOf(chunks: readonly Uint8Array[]): readonly ArrayBufferLike[] {
  return [...new Set(chunks.map(({ buffer }) => buffer))];
}

/** Reads as Node does, which asks where to read to next after each read. */
function reader(): { buffers: ReceiveBuffers; read: (size?: number) => Uint8Array } {
  const buffers = new ReceiveBuffers();
  const onread = buffers.onread();
  const { buffer } = onread;
  if (buffer instanceof Uint8Array) throw new Error("One buffer for all");
  let memory = buffer();
  const socket = Object.assign(onread, { push: () => true });
  const read = (size = memory.byteLength): Uint8Array => {
    const chunk = memory.subarray(0, size);
    socket.callback(size, memory);
    memory = buffer();
    return chunk;
  };
  return { buffers, read };
}
