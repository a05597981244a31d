import { createHash, randomBytes } from "node:crypto";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

import { describe, expect, test } from "vitest";

import { ReceiveBuffers } from "../../src/http/receive-buffers.ts";

const sent = randomBytes(24 << 20);
const expected = createHash("sha256").update(sent).digest("hex");

/** A connection that receives all of `sent`. */
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

describe("received chunks", () => {
  test("reuse the memory of released chunks", async () => {
    const buffers = new ReceiveBuffers();
    await using socket = await connected(buffers);
    const memory = new Set<ArrayBufferLike>();
    const found = createHash("sha256");
    socket.on("data", (chunk: Buffer) => {
      buffers.retain(chunk);
      memory.add(chunk.buffer);
      found.update(chunk);
      buffers.release(chunk);
    });
    await ended(socket);
    expect(found.digest("hex")).toBe(expected);
    expect(memory.size).toBeLessThan(5);
  });

  test("stay unchanged until release, also with other readers", async () => {
    const buffers = new ReceiveBuffers();
    await using keeping = await connected(buffers);
    await using late = await connected(buffers);
    await using quick = await connected(buffers);
    const kept: Buffer[] = [];
    keeping.on("data", (chunk: Buffer) => {
      buffers.retain(chunk);
      kept.push(chunk);
    });
    const lateFound = createHash("sha256");
    const waiting: Buffer[] = [];
    const take = (): void => {
      const chunk = waiting.shift();
      if (chunk === undefined) return;
      lateFound.update(chunk);
      buffers.release(chunk);
    };
    late.on("data", (chunk: Buffer) => {
      buffers.retain(chunk);
      waiting.push(chunk);
      if (waiting.length > 3) take();
    });
    const quickFound = createHash("sha256");
    quick.on("data", (chunk: Buffer) => {
      buffers.retain(chunk);
      quickFound.update(chunk);
      buffers.release(chunk);
    });
    await Promise.all([keeping, late, quick].map(ended));
    while (waiting.length > 0) take();
    expect(Buffer.concat(kept).equals(sent)).toBe(true);
    expect(lateFound.digest("hex")).toBe(expected);
    expect(quickFound.digest("hex")).toBe(expected);
  });
});

describe("memory", () => {
  test("is reused once a chunk of the next buffer was passed on", () => {
    const { buffers, read } = reader();
    const [first, second, third, fourth] = [read(), read(), read(), read()];
    buffers.retain(first);
    buffers.release(first);
    // The parser may still have chunks of it.
    const others = [read(), read()];
    expect(buffersOf([first, second, third, fourth, ...others])).toHaveLength(6);
    buffers.retain(third);
    // The next read already has a buffer.
    read();
    expect(buffersOf([first, second, read(), read()])).toHaveLength(2);
  });

  test("is not reused while a chunk of it is in use", () => {
    const { buffers, read } = reader();
    const first = read();
    buffers.retain(first.subarray(0, 1000));
    buffers.retain(first.subarray(1000));
    buffers.release(first.subarray(0, 1000));
    buffers.retain(read());
    const others = [read(), read()];
    buffers.release(first.subarray(1000));
    expect(buffersOf([first, ...others, read()])).toHaveLength(4);
    expect(buffersOf([first, read()])).toHaveLength(1);
  });

  test("with free space is filled first", () => {
    const { read } = reader();
    const [first, second] = [read(1000), read(1000)];
    expect(buffersOf([first, second])).toHaveLength(1);
    expect(second.byteOffset).toBe(1000);
  });
});

function buffersOf(chunks: readonly Uint8Array[]): readonly ArrayBufferLike[] {
  return [...new Set(chunks.map(({ buffer }) => buffer))];
}

/** Reads like Node, which requests the next buffer after each read. */
function reader(): { buffers: ReceiveBuffers; read: (size?: number) => Uint8Array } {
  const buffers = new ReceiveBuffers();
  const onread = buffers.onread();
  const { buffer } = onread;
  if (buffer instanceof Uint8Array) throw new Error("expected a buffer");
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
