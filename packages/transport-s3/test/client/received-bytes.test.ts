import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";

import { expect, onTestFinished, test } from "vitest";

import { reusingBuffers } from "../../src/client/agents.ts";
import { inChunks } from "../../src/client/body-chunks.ts";
import { receivedBytes } from "../../src/client/received-bytes.ts";

const content = randomBytes(8 << 20);

/** Starts a server. The result sends requests over reused connections. */
async function startRequests(listener: RequestListener): Promise<() => Promise<IncomingMessage>> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = reusingBuffers(new Agent({ keepAlive: true, maxSockets: 1 }));
  onTestFinished(() => {
    agent.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async () => {
    const request = get({ host: "127.0.0.1", port, agent });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return response;
  };
}

test.each(["at once", "late"])("a body that is read %s is complete", async (when) => {
  const request = await startRequests((_, response) => response.end(content));
  for (let round = 0; round < 2; round++) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of receivedBytes(await request())) {
      chunks.push(chunk);
      for (let turn = 0; when === "late" && turn < 20; turn++) await setImmediate();
    }
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  }
});

test("with reuseBuffers the memory of a chunk is released when the next is requested", async () => {
  const request = await startRequests((_, response) => response.end(content));
  let last: Uint8Array | undefined;
  let size = 0;
  for await (const chunk of receivedBytes(await request(), { reuseBuffers: true })) {
    expect(last?.byteLength ?? 0).toBe(0);
    last = chunk;
    size += chunk.byteLength;
  }
  expect(size).toBe(content.byteLength);
});

test("leaving early closes the connection", async () => {
  const closed = Promise.withResolvers<void>();
  const request = await startRequests((_, response) => {
    response.on("close", closed.resolve);
    response.write(content);
  });
  for await (const _ of receivedBytes(await request())) break;
  await closed.promise;
});

test("an interrupted body fails after its received bytes", async () => {
  const request = await startRequests((_, response) => {
    response.writeHead(200, { "content-length": content.byteLength });
    response.write(content.subarray(0, 100_000), () => response.destroy());
  });
  let size = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of receivedBytes(await request())) size += chunk.byteLength;
  };
  await expect(read()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(size).toBe(100_000);
});

test("a large body is sent in chunks without copies", async () => {
  const pieces = await Array.fromAsync(inChunks(content) as AsyncIterable<Uint8Array>);
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
  expect(pieces.length).toBeGreaterThan(8);
  expect(pieces.every(({ buffer }) => buffer === content.buffer)).toBe(true);
});
