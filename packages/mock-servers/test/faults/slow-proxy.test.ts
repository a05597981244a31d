import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

import { expect, test } from "vitest";

import { startSlowProxy } from "../../src/faults/slow-proxy.ts";

const roundTrip = 40;
/** A timer may fire this many milliseconds early. */
const slack = 2;

interface Opened extends AsyncDisposable {
  readonly target: string;
}

async function serve(listener: RequestListener): Promise<Opened> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answerTo(
  origin: string,
  agent: Agent,
  body: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  const asked = request(origin, { agent, method: "PUT" }).end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return buffer(answer);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start + slack;
}

test("a response takes one round trip, and opening the connection another", async () => {
  await using server = await serve((_, response) => response.end("x"));
  await using line = await startSlowProxy({ target: server.target, roundTrip });
  const agent = new Agent({ keepAlive: true });
  const first = await timed(() => answerTo(line.origin, agent));
  const second = await timed(() => answerTo(line.origin, agent));
  expect(first).toBeGreaterThanOrEqual(2 * roundTrip);
  expect(second).toBeGreaterThanOrEqual(roundTrip);
  agent.destroy();
});

test("all bytes arrive in order, in both directions", async () => {
  await using server = await serve((incoming, response) => void incoming.pipe(response));
  await using line = await startSlowProxy({ target: server.target, roundTrip: 2 });
  const sent = Buffer.from(Uint8Array.from({ length: 40 << 20 }, (_, at) => at % 251));
  const received = await answerTo(line.origin, new Agent(), sent);
  expect(received.equals(sent)).toBe(true);
});

test("a connection that the server resets is reset for the client", async () => {
  await using server = await serve((incoming) => incoming.socket.resetAndDestroy());
  await using line = await startSlowProxy({ target: server.target, roundTrip: 2 });
  await expect(answerTo(line.origin, new Agent())).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("disposing closes open connections", async () => {
  await using server = await serve(() => {});
  const line = await startSlowProxy({ target: server.target, roundTrip: 2 });
  const socket = connect(Number(new URL(line.origin).port), "127.0.0.1").resume();
  await once(socket, "connect");
  await line[Symbol.asyncDispose]();
  await once(socket, "close");
});
