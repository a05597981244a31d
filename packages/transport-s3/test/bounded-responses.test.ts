import { once } from "node:events";
import { createServer, get } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { Retries } from "@drayage/core";
import { describe, expect, onTestFinished, test } from "vitest";

import { boundedResponse } from "../src/client/bounded-response.ts";
import { Bucket } from "../src/client/bucket.ts";
import { Connection } from "../src/client/connection.ts";
import { receivedBytes } from "../src/client/received-bytes.ts";

/** A bucket of a store with the given response handler. */
async function startStore(listener: RequestListener): Promise<{ bucket: Bucket; port: number }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const connection = new Connection({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: "anonymous",
  });
  return { bucket: new Bucket("bucket", connection), port };
}

const oneAttempt = (): Retries => new Retries({ maxAttempts: 1 });

function listed(keys: readonly string[], token: string): string {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
  return `<?xml version="1.0"?><ListBucketResult>${contents.join("")}<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken></ListBucketResult>`;
}

describe("an endless list is an error", () => {
  test.each([
    ["the same token again", () => listed(["a"], "again"), 3],
    ["empty pages", (page: number) => listed([], `${page}`), 101],
    ["the same page under new tokens", (page: number) => listed(["a", "b"], `${page}`), 102],
  ])("%s", async (_, answerOf, most) => {
    let page = 0;
    const { bucket } = await startStore((__, response) => response.end(answerOf(++page)));
    const keys = Array.fromAsync(bucket.list("a/", { retries: oneAttempt() }));
    await expect(keys).rejects.toMatchObject({ code: "unsupported" });
    expect(page).toBeLessThanOrEqual(most);
  });
});

describe("a page that is not a list is an error, and not an empty list", () => {
  test.each([
    ["a web page", "<!DOCTYPE html><html><body>Sign in</body></html>"],
    ["nothing", ""],
    ["JSON", "{}"],
    ["text", "ListBucketResult"],
    ["another response of S3", "<?xml version='1.0'?><Error><Code>X</Code></Error>"],
    ["deep nesting", `<ListBucketResult>${"<a>".repeat(100_000)}`],
    [
      "deep nesting with closing tags",
      `<ListBucketResult>${"<a>".repeat(9999)}${"</a>".repeat(9999)}</ListBucketResult>`,
    ],
    ["a million attributes", `<ListBucketResult ${"a='b' ".repeat(1_000_000)}></ListBucketResult>`],
    ["an element without an end", `<ListBucketResult>${"<".repeat(1_000_000)}`],
    ["a prototype", "<ListBucketResult><__proto__><a>1</a></__proto__></ListBucketResult>"],
    ["half an element", "<ListBucketResult><Contents></ListBucketResult>"],
  ])("%s", async (_, page) => {
    const { bucket } = await startStore((__, response) => response.end(page));
    const listing = Array.fromAsync(bucket.list("a/", { retries: oneAttempt() }));
    await expect(listing).rejects.toMatchObject({ code: "unsupported", retryable: false });
    await expect(listing).rejects.toThrow(/check that the endpoint is an S3 store$/);
  });
});

async function streamed(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<IncomingMessage> {
  const { port } = await startStore(answer);
  const request = get({ host: "127.0.0.1", port });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

test("a response that is not an object has a size limit", async () => {
  const body = await streamed((_, response) => {
    const chunk = Buffer.alloc(1 << 20, " ");
    const send = (): void => {
      while (!response.destroyed)
        if (!response.write(chunk)) return void response.once("drain", send);
    };
    send();
  });
  await expect(boundedResponse(body, "GET")).rejects.toMatchObject({
    code: "unavailable",
    retryable: false,
  });
});

test("a body that arrives too slowly is aborted", async () => {
  const body = await streamed(async (_, response) => {
    while (!response.destroyed) {
      response.write(" ");
      await delay(20);
    }
  });
  const read = Array.fromAsync(receivedBytes(body, { slowTimeout: 300 }));
  await expect(read).rejects.toMatchObject({ code: "ERR_TOO_SLOW" });
});

test("a body in one-byte chunks is buffered in few chunks", async () => {
  const count = 1 << 17;
  const body = await streamed((_, response) => {
    response.flushHeaders();
    const pieces = Array.from({ length: count }, (__, at) => [49, 13, 10, at & 0xff, 13, 10]);
    response.socket?.end(Buffer.concat([Buffer.from(pieces.flat()), Buffer.from("0\r\n\r\n")]));
  });
  const chunks: Uint8Array[] = [];
  const reading = receivedBytes(body);
  await delay(500);
  for await (const chunk of reading) {
    chunks.push(chunk);
    await delay(50);
  }
  const whole = Buffer.concat(chunks);
  expect(whole.length).toBe(count);
  expect(whole.every((byte, at) => byte === (at & 0xff))).toBe(true);
  expect(chunks.length).toBeLessThan(200);
});

test("a retry waits for as many seconds as a busy store requests", async () => {
  const delays: number[] = [];
  const { bucket } = await startStore((_, response) => {
    response.writeHead(503, { "retry-after": "2" });
    response.end("<Error><Code>SlowDown</Code><Message>Slow down</Message></Error>");
  });
  const stop = new Error("stopped by the test");
  const retries = new Retries({
    initialDelay: 1,
    onRetry: (retry) => {
      delays.push(retry.delay);
      throw stop;
    },
  });
  await expect(bucket.head("a", { retries })).rejects.toBe(stop);
  expect(delays).toEqual([2000]);
});

test.each([
  [
    "a switch of protocols",
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
  ],
  ["endless informational responses", "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000)],
])("%s instead of a response is an error", async (_, text) => {
  const { bucket } = await startStore((__, response) => response.socket?.write(text));
  await expect(bucket.head("a", { retries: oneAttempt() })).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/announces a response \(1xx\) and does not send it/) as string,
  });
});

test("the error for an object that is too large has its name and the limit", async () => {
  const { bucket } = await startStore((_, response) => response.end("x".repeat(101)));
  await expect(bucket.read("a", 100, { retries: oneAttempt() })).rejects.toMatchObject({
    code: "invalid-manifest",
    message: "s3://bucket/a has more than the allowed 100 bytes",
  });
});
