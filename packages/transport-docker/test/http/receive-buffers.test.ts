import { createHash, randomBytes } from "node:crypto";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

import { expect, test } from "vitest";

import { ReceiveBuffers } from "../../src/http/receive-buffers.ts";

const sent = randomBytes(24 << 20);

/** A connection on which all of `sent` comes. */
async function connected(buffers: ReceiveBuffers): Promise<Socket & AsyncDisposable> {
  const server = createServer((socket) => socket.end(sent));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, onread: buffers.onread });
  return Object.assign(socket, {
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      server.close();
    },
  });
}

function digestOfChunks(): { update: (chunk: Uint8Array) => void; digest: () => string } {
  const hash = createHash("sha256");
  return { update: (chunk) => hash.update(chunk), digest: () => hash.digest("hex") };
}

const expected = createHash("sha256").update(sent).digest("hex");

test("what is given back is read into again", async () => {
  const buffers = new ReceiveBuffers();
  await using socket = await connected(buffers);
  const memory = new Set<ArrayBufferLike>();
  const found = digestOfChunks();
  socket.on("data", (chunk: Buffer) => {
    memory.add(chunk.buffer);
    found.update(chunk);
    buffers.giveBack(chunk);
  });
  await new Promise((resolve) => socket.on("end", resolve));
  expect(found.digest()).toBe(expected);
  expect(memory.size).toBeLessThan(5);
});

test("what is not given back stays what it is", async () => {
  const buffers = new ReceiveBuffers();
  await using first = await connected(buffers);
  await using second = await connected(buffers);
  const kept: Buffer[] = [];
  first.on("data", (chunk: Buffer) => kept.push(chunk));
  const found = digestOfChunks();
  second.on("data", (chunk: Buffer) => {
    found.update(chunk);
    // Every second one is forgotten.
    if (kept.length % 2 === 0) buffers.giveBack(chunk);
  });
  await Promise.all(
    [first, second].map(async (socket) => new Promise((resolve) => socket.on("end", resolve))),
  );
  expect(Buffer.concat(kept).equals(sent)).toBe(true);
  expect(found.digest()).toBe(expected);
});

test("a part that is given back does not free the rest", () => {
  const { onread, giveBack } = unbound(new ReceiveBuffers());
  const first = next(onread);
  const socket = { push: () => true };
  onread.callback.call(socket, first.byteLength, first);
  giveBack(first.subarray(1));
  expect(next(onread).buffer).not.toBe(first.buffer);
  giveBack(first.subarray(0, 1));
  expect(next(onread).buffer).toBe(first.buffer);
});

test("what is left of the memory is read into next, by whoever reads", () => {
  const { onread } = unbound(new ReceiveBuffers());
  const first = next(onread);
  onread.callback.call({ push: () => true }, 1000, first);
  const second = next(onread);
  expect([second.buffer, second.byteOffset]).toEqual([first.buffer, 1000]);
  expect(next(onread).buffer).not.toBe(first.buffer);
});

interface Unbound {
  readonly onread: {
    buffer: () => Uint8Array;
    callback: (size: number, memory: Uint8Array) => boolean;
  };
  readonly giveBack: (chunk: Uint8Array) => void;
}

function unbound(buffers: ReceiveBuffers): Unbound {
  const { onread } = buffers;
  return { onread: onread as Unbound["onread"], giveBack: (chunk) => buffers.giveBack(chunk) };
}

function next({ buffer }: Unbound["onread"]): Uint8Array {
  return buffer();
}
