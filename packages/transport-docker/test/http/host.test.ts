import { setImmediate } from "node:timers/promises";

import { copyImage } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { Host } from "../../src/http/host.ts";
import type { HTTPRequest, HTTPResponse } from "../../src/http/http-exchange.ts";
import { docker } from "../../src/index.ts";

const url = new URL("http://registry.example.com/v2/");
const request: HTTPRequest = { method: "GET", url, headers: {} };

/** A server that responds on request of the test. */
class Server {
  readonly #open: ((status: number) => void)[] = [];

  get underWay(): number {
    return this.#open.length;
  }

  readonly send = async (): Promise<HTTPResponse> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#open.push(resolve);
    const bytes = (async function* () {})();
    return { status: await promise, url, headers: {}, bytes, discard: async () => {} };
  };

  /** Responds to this many pending requests, and waits for the next ones. */
  async answer(count: number, status: number): Promise<void> {
    for (const resolve of this.#open.splice(0, count)) resolve(status);
    await setImmediate();
  }
}

/** The responses to this many parallel requests. */
async function ask(host: Host, server: Server, count: number): Promise<Answers> {
  const answers = Array.from({ length: count }, async () => host.send(request, server.send));
  await setImmediate();
  return { all: async () => Promise.all(answers) };
}

interface Answers {
  all(): Promise<readonly HTTPResponse[]>;
}

test("a host gets at most the configured number of requests", async () => {
  const [host, server] = [new Host(3), new Server()];
  const answers = await ask(host, server, 7);
  const seen: number[] = [];
  while (server.underWay > 0) {
    seen.push(server.underWay);
    await server.answer(1, 200);
  }
  expect(seen).toEqual([3, 3, 3, 3, 3, 2, 1]);
  expect(await answers.all()).toHaveLength(7);
});

test("the limit is halved once when a busy host rejects concurrent requests", async () => {
  const [host, server] = [new Host(16), new Server()];
  const answers = await ask(host, server, 24);
  await server.answer(16, 429);
  expect(server.underWay).toBe(8);
  await ask(host, server, 100);
  await server.answer(8, 503);
  expect(server.underWay).toBe(4);
  const refused = await answers.all();
  expect(refused.filter(({ isRejectedWithOthers }) => !isRejectedWithOthers)).toHaveLength(2);
});

test("the limit is half of the active requests if they are fewer", async () => {
  const [host, server] = [new Host(64), new Server()];
  await ask(host, server, 4);
  await server.answer(4, 429);
  await ask(host, server, 10);
  expect(server.underWay).toBe(2);
});

test("the limit is at least one and grows slowly up to the maximum", async () => {
  const [host, server] = [new Host(4), new Server()];
  for (let round = 0; round < 5; round++) {
    await ask(host, server, 1);
    await server.answer(1, 429);
  }
  await ask(host, server, 1000);
  const seen: number[] = [];
  for (let answered = 0; answered < 50; answered++) {
    seen.push(server.underWay);
    await server.answer(1, 200);
  }
  expect(seen.slice(0, 4)).toEqual([1, 1, 1, 1]);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(4);
});

test("requests are delayed while the host is held", async () => {
  const [host, server] = [new Host(4), new Server()];
  const hold = host.hold();
  const answers = await ask(host, server, 2);
  await server.answer(0, 200);
  expect(server.underWay).toBe(0);
  hold[Symbol.dispose]();
  await server.answer(0, 200);
  await server.answer(2, 200);
  expect(await answers.all()).toHaveLength(2);
});

test("an abort of a waiting request does not affect the others", async () => {
  const [host, server] = [new Host(1), new Server()];
  const controller = new AbortController();
  const reason = new Error("enough");
  const first = await ask(host, server, 1);
  const leaving = host.send({ ...request, signal: controller.signal }, server.send);
  const last = await ask(host, server, 1);
  controller.abort(reason);
  await expect(leaving).rejects.toBe(reason);
  await server.answer(1, 200);
  await server.answer(1, 200);
  expect([...(await first.all()), ...(await last.all())]).toHaveLength(2);
});

test("a failed request no longer counts", async () => {
  const [host, server] = [new Host(1), new Server()];
  const failing = host.send(request, async () => Promise.reject(new Error("cut")));
  await expect(failing).rejects.toThrow("cut");
  await ask(host, server, 1);
  expect(server.underWay).toBe(1);
});

test("a copy within a registry that accepts one request at a time works", async () => {
  const image = await randomImage("one at a time", { layers: 6 });
  await using registry = await startRegistry({ mounts: "never" });
  await registry.putImage("a", image, "1");
  const transport = docker({ parallelRequests: 1 });
  const from = transport.parseReference(`//${registry.host}/a:1`);
  const to = transport.parseReference(`//${registry.host}/b:1`);
  await copyImage(from, to);
  expect(registry.tags("b")).toEqual(["1"]);
});
