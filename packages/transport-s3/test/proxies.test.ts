import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTCPServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

import { Retries } from "@drayage/core";
import type { S3Server } from "@drayage/mock-servers";
import { newAuthority, opensslProgram, scratchFolder, startProxy } from "@drayage/test-support";
import { assertImage, randomImage, writeImage } from "@drayage/testkit";
import { expect, onTestFinished, test } from "vitest";

import { s3 } from "../src/index.ts";
import type { S3Reference } from "../src/index.ts";
import { startBucket, transportTo } from "./bucket.ts";

const image = await randomImage("behind a proxy", { layers: 2 });
const partSize = 5 << 20;

/** A reference to the server by a host name that only the proxy can resolve. */
function referenceAt(
  server: S3Server,
  environment: Readonly<Record<string, string>>,
  host = "s3.test",
): S3Reference {
  const endpoint = server.access.endpoint.replace("127.0.0.1", host);
  const settings = { endpoint, system: { environment }, partSize };
  return transportTo(server, settings).parseReference("//bucket/a:tag");
}

test("requests go through the proxy; only the proxy receives its password", async () => {
  await using server = await startBucket();
  await using proxy = await startProxy();
  const through = new URL(proxy.url);
  [through.username, through.password] = ["ann", "se cret"];
  const reference = referenceAt(server, { HTTP_PROXY: through.href });
  const large = await randomImage("large", { layers: 1, layerSize: 2 * partSize });
  for (const one of [image, large]) {
    await writeImage(one, reference);
    await assertImage(reference, one);
  }
  const { port } = new URL(server.access.endpoint);
  expect(proxy.requests.length).toBe(server.requests.length);
  for (const request of proxy.requests)
    expect(request).toContain(` http://s3.test:${port}/bucket/a/`);
  const basic = `Basic ${Buffer.from("ann:se cret").toString("base64")}`;
  expect(new Set(proxy.authorizations)).toEqual(new Set([basic]));
});

test("https requests use a tunnel", async ({ skip }) => {
  skip(opensslProgram === undefined, "needs openssl");
  const authority = newAuthority(await scratchFolder(), "authority");
  setDefaultCACertificates([...getCACertificates(), authority.certificate]);
  await using server = await startBucket({ tls: authority.issue("registry") });
  await using proxy = await startProxy();
  const reference = referenceAt(server, { HTTPS_PROXY: proxy.url.href }, "registry.test");
  await writeImage(image, reference);
  await assertImage(reference, image);
  const { port } = new URL(server.access.endpoint);
  expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT registry.test:${port}`]));
  expect(proxy.requests.length).toBeLessThan(server.requests.length);
});

test("requests to hosts in NO_PROXY and to this machine are direct", async () => {
  await using server = await startBucket();
  await using proxy = await startProxy(502);
  const { href } = proxy.url;
  for (const [host, NO_PROXY] of [
    ["127.0.0.1", ""],
    ["localhost", ""],
  ] as const)
    await writeImage(image, referenceAt(server, { HTTP_PROXY: href, NO_PROXY }, host));
  const hidden = referenceAt(server, { HTTP_PROXY: href, NO_PROXY: ".test" });
  const retries = new Retries({ maxAttempts: 1 });
  await expect(hidden.newImageSource({ retries })).rejects.toMatchObject({ code: "unavailable" });
  expect(proxy.requests).toEqual([]);
});

test.each([
  [407, { code: "denied", message: expect.stringMatching(/the proxy needs other credentials/) }],
  [502, { code: "unavailable", message: expect.stringMatching(/through the proxy 127/) }],
])("the error for a proxy that responds with %i names the proxy", async (status, expected) => {
  await using server = await startBucket();
  await using proxy = await startProxy(status);
  const reference = referenceAt(server, { HTTP_PROXY: proxy.url.href });
  const retries = new Retries({ maxAttempts: 1 });
  await expect(reference.newImageSource({ retries })).rejects.toMatchObject(expected);
});

test.each([200, 201, 206, 403, 404, 407, 502])(
  "a response of the proxy to CONNECT with %i is not a response of the store",
  async (status) => {
    const index = '{"imageLayoutVersion":"1.0.0","schemaVersion":2,"manifests":[]}';
    const requests: string[] = [];
    const proxy = createServer();
    proxy.on("connect", ({ url = "" }, socket) => {
      requests.push(url);
      socket.on("error", () => {});
      socket.end(
        `HTTP/1.1 ${status} X\r\netag: "x"\r\ncontent-length: ${index.length}\r\n\r\n${index}`,
      );
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const HTTPS_PROXY = `http://127.0.0.1:${port}`;
    const reference = s3({
      endpoint: "https://s3.test",
      region: "us-east-1",
      credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
      system: { environment: { HTTPS_PROXY } },
    }).parseReference("//bucket/a:tag");
    const retries = new Retries({ maxAttempts: 1 });
    const opened = reference.newImageSource({ retries });
    await expect(opened).rejects.toMatchObject({
      code: status === 407 ? "denied" : "unavailable",
      message: expect.stringMatching(/proxy/) as string,
      status: undefined,
    });
    expect(requests).toEqual(["s3.test:443"]);
  },
);

const accepted = "HTTP/1.1 200 OK\r\n\r\n";

test.each<[string, RegExp, (socket: Socket) => void]>([
  [
    "responds instead of the store and keeps the connection",
    /the proxy accepts CONNECT, then answers instead of the store/,
    (socket) => socket.write(`${accepted}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}`),
  ],
  [
    "sends endless headers",
    /sends more than 16 KiB of headers/,
    function flood(socket): void {
      if (socket.bytesWritten === 0) socket.write("HTTP/1.1 200 OK\r\n");
      if (socket.destroyed) return;
      if (socket.write(`x: ${"x".repeat(1000)}\r\n`.repeat(100))) setImmediate(flood, socket);
      else socket.once("drain", () => flood(socket));
    },
  ],
  [
    "connects to a host that never completes the handshake",
    /cannot be reached, or stopped responding/,
    (socket) => {
      socket.write(accepted);
      socket.once("data", () => socket.write(Buffer.from([0x16, 3, 3, 0, 0x7a, 2])));
    },
  ],
])(
  "a proxy that %s is reported quickly",
  async (_, message, answer) => {
    const sockets = new Set<Socket>();
    const proxy = createTCPServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("data", () => answer(socket));
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    const { port } = proxy.address() as AddressInfo;
    const reference = s3({
      endpoint: "https://s3.test",
      region: "us-east-1",
      credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
      system: { environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` } },
    }).parseReference("//bucket/a:tag");
    const opened = reference.newImageSource({ retries: new Retries({ maxAttempts: 1 }) });
    await expect(opened).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(message) as string,
    });
  },
  25_000,
);

test("an abort closes the connection to a proxy that has not connected yet", async () => {
  const proxy = createTCPServer((socket) => socket.on("error", () => {}).resume());
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const reference = s3({
    endpoint: "https://s3.test",
    region: "us-east-1",
    credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
    system: { environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` } },
  }).parseReference("//bucket/a:tag");
  const controller = new AbortController();
  const opened = reference.newImageSource({ signal: controller.signal });
  const [socket] = (await once(proxy, "connection")) as [Socket];
  const reason = new Error("aborted by the test");
  const closed = once(socket, "close");
  const before = performance.now();
  controller.abort(reason);
  await expect(opened).rejects.toBe(reason);
  await closed;
  expect(performance.now() - before).toBeLessThan(5000);
});
