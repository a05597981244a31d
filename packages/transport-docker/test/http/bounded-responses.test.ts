import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { Retries } from "@drayage/core";
import { describe, expect, test } from "vitest";

import { HTTPClient } from "../../src/http/http-client.ts";
import type { HTTPRequest } from "../../src/http/http-exchange.ts";
import { textOf } from "../../src/http/http-exchange.ts";
import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

/** A TCP server with this connection handler. */
async function startRaw(
  answer: (socket: Socket) => unknown,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    answer(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function request(port: number, more: Partial<HTTPRequest> = {}): HTTPRequest {
  return { method: "GET", url: new URL(`http://127.0.0.1:${port}/`), headers: {}, ...more };
}

const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

test("a response in chunks of one byte takes linear time", async () => {
  const count = 1 << 20;
  await using server = await startRaw((socket) => {
    socket.once("data", () => {
      socket.write(head);
      const piece = Buffer.from("1\r\n \r\n".repeat(1 << 14));
      for (let at = 0; at < count; at += 1 << 14) socket.write(piece);
      socket.end("0\r\n\r\n");
    });
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  const before = process.cpuUsage();
  const response = await client.sendWithRetries(request(server.port, { maxBodySize: count }));
  expect((await textOf(response, count)).length).toBe(count);
  const { user } = process.cpuUsage(before);
  expect(user).toBeLessThan(10_000_000);
});

test("endless 1xx responses are an error", async () => {
  await using server = await startRaw(async (socket) => {
    await once(socket, "data");
    while (!socket.destroyed) {
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
      await delay(1);
    }
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  await expect(client.send(request(server.port))).rejects.toMatchObject({
    code: "unavailable",
    retryable: false,
  });
});

test("a response that is too large is reported with its host and the limit", async () => {
  await using server = await startServer((_, response) => response.end("x".repeat(1001)));
  const client = new HTTPClient({});
  await using _ = client.use();
  const url = new URL(`http://${server.host}/v2/a/tags/list?last=secret`);
  const sent = client.sendWithRetries({ method: "GET", url, headers: {}, maxBodySize: 1000 });
  await expect(sent).rejects.toMatchObject({
    code: "invalid-manifest",
    message: expect.stringContaining(
      `${server.host} returned more than 1000 bytes for /v2/a/tags/list,`,
    ) as string,
  });
});

test("headers of more than 16 KiB are reported as such", async () => {
  await using server = await startRaw((socket) => {
    socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(1 << 20)}\r\n\r\n`));
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  await expect(client.send(request(server.port))).rejects.toMatchObject({
    code: "unavailable",
    retryable: false,
    message: expect.stringMatching(/sends more than 16 KiB of headers/) as string,
  });
});

test("slow headers have the same timeout", async () => {
  await using server = await startRaw(async (socket) => {
    await once(socket, "data");
    socket.write("HTTP/1.1 200 OK\r\nx: ");
    while (!socket.destroyed) {
      socket.write("a");
      await delay(20);
    }
  });
  const client = new HTTPClient({ idleTimeout: 500 });
  await using _ = client.use();
  await expect(client.send(request(server.port))).rejects.toMatchObject({ code: "unavailable" });
});

test.each([{ maxBodySize: 1 << 20 }, {}])(
  "a body that is too slow fails, with expected time %j",
  async (more) => {
    await using server = await startRaw(async (socket) => {
      await once(socket, "data");
      socket.write(head);
      while (!socket.destroyed) {
        socket.write("1\r\n \r\n");
        await delay(20);
      }
    });
    const client = new HTTPClient({ idleTimeout: 500 });
    await using _ = client.use();
    const retries = new Retries({ maxAttempts: 1 });
    const read = async (): Promise<unknown> =>
      textOf(await client.sendWithRetries(request(server.port, { ...more, retries })), 1 << 20);
    await expect(read()).rejects.toMatchObject({
      code: "unavailable",
      cause: expect.objectContaining({ code: "ERR_TOO_SLOW" }) as unknown,
    });
  },
);

test("a slow reader does not make the sender too slow", async () => {
  await using server = await startServer((_, response) => {
    response.write("a");
    setTimeout(() => response.end("b"), 100);
  });
  const client = new HTTPClient({ idleTimeout: 400 });
  await using _ = client.use();
  const response = await client.send(request(server.port));
  await delay(1200);
  expect(await textOf(response, 10)).toBe("ab");
});

describe("an abort takes effect at once", () => {
  const silent = (): void => {};
  const connected = async (socket: Socket): Promise<void> => {
    await once(socket, "data");
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
  };

  async function abortedAfter(
    port: number,
    url: string,
    settings: DockerSettings = {},
  ): Promise<number> {
    const client = new HTTPClient(settings);
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error("Ctrl-C");
    const use = client.use();
    const answer = (async () => {
      const response = await client.sendWithRetries({
        ...request(port),
        url: new URL(url),
        signal,
      });
      return textOf(response, 100);
    })();
    answer.catch(() => {});
    await delay(200);
    const at = performance.now();
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await use[Symbol.asyncDispose]();
    return performance.now() - at;
  }

  test("during name resolution", async () => {
    const never = { lookup: silent };
    expect(await abortedAfter(1, "http://never.example/", never)).toBeLessThan(1000);
  });

  test("during the TLS handshake", async () => {
    await using server = await startRaw(silent);
    const { port } = server;
    expect(await abortedAfter(port, `https://127.0.0.1:${port}/`)).toBeLessThan(1000);
  });

  test("before the response", async () => {
    await using server = await startRaw(silent);
    const { port } = server;
    expect(await abortedAfter(port, `http://127.0.0.1:${port}/`)).toBeLessThan(1000);
  });

  test("during the response", async () => {
    await using server = await startRaw(connected);
    const { port } = server;
    expect(await abortedAfter(port, `http://127.0.0.1:${port}/`)).toBeLessThan(1000);
  });

  test.each(["http", "https"])("during CONNECT to a proxy by %s", async (scheme) => {
    await using server = await startRaw(silent);
    const proxy = new URL(`http://127.0.0.1:${server.port}`);
    const url = `${scheme}://registry.example/`;
    expect(await abortedAfter(1, url, { proxy })).toBeLessThan(1000);
  });

  test("during the delay before a retry", async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(503, { "retry-after": "50" }).end();
    });
    expect(await abortedAfter(server.port, `${server.origin}/`)).toBeLessThan(1000);
  });
});

describe("an endless list is an error", () => {
  test.each([
    ["empty pages", () => []],
    ["pages with the same names", () => ["a", "b"]],
    ["pages with one new name each", (page: number) => [`tag-${page}`]],
  ])("%s", async (_, tagsOn) => {
    let page = 0;
    await using registry = await startServer(({ url = "" }, response) => {
      page++;
      const [path] = url.split("?");
      response.writeHead(200, { link: `<${path}?n=${page}>; rel="next"` });
      response.end(JSON.stringify({ tags: tagsOn(page) }));
    });
    const reference = docker().parseReference(`//${registry.host}/a`);
    const listed = Array.fromAsync(reference.getTags());
    await expect(listed).rejects.toMatchObject({ code: "unsupported" });
    expect(page).toBeLessThan(1500);
  });
});
