import type { RequestListener, ServerResponse } from "node:http";

import { copyImage, openImage, Retries } from "@drayage/core";
import type { OperationOptions, Retry, RetrySettings } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startRegistry } from "@drayage/registry";
import type { Interception, ReceivedRequest } from "@drayage/registry";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

const image = await randomImage("retries", { layers: 1 });
const atOnce = { "Retry-After": "0" };

/** Replaces the responses to the first matching requests. */
function first(
  count: number,
  answer: Interception,
  matches: (request: ReceivedRequest) => boolean,
): (request: ReceivedRequest) => Interception {
  let left = count;
  return (request) => (matches(request) && left-- > 0 ? answer : undefined);
}

function isManifest({ path }: ReceivedRequest): boolean {
  return path.includes("/manifests/");
}

/** Short delays, and the retries that were made. */
function quickly(settings: RetrySettings = {}): { retries: Retries; made: Retry[] } {
  const made: Retry[] = [];
  const onRetry = (retry: Retry): void => void made.push(retry);
  return { retries: new Retries({ initialDelay: 1, onRetry, ...settings }), made };
}

async function read(host: string, options: OperationOptions): Promise<void> {
  await using _ = await openImage(docker().parseReference(`//${host}/a:1`), options);
}

describe("a temporary failure is retried", () => {
  const cases: readonly (readonly [string, Interception])[] = [
    ["408", { status: 408 }],
    ["429", { status: 429, headers: atOnce }],
    ["500", { status: 500 }],
    ["502", { status: 502, body: "<html>bad gateway</html>" }],
    ["503", { status: 503, headers: { "Retry-After": new Date(0).toUTCString() } }],
    ["504", { status: 504 }],
    ["a cut connection", "cut"],
  ];
  test.each(cases)("reading, after %s", async (_, answer) => {
    await using registry = await startRegistry({ intercept: first(2, answer, isManifest) });
    await registry.putImage("a", image, "1");
    const { retries, made } = quickly();
    await read(registry.host, { retries });
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(3);
    expect(made).toMatchObject([
      {
        attempt: 1,
        operation: `read ${registry.host}/v2/a/manifests/1`,
        error: { retryable: true },
      },
      { attempt: 2 },
    ]);
  });

  test.each(cases)("writing a manifest, after %s", async (_, answer) => {
    const isWritten = (request: ReceivedRequest): boolean =>
      request.method === "PUT" && isManifest(request);
    await using registry = await startRegistry({ intercept: first(2, answer, isWritten) });
    const to = docker().parseReference(`//${registry.host}/a:1`);
    await copyImage(await inMemory(image), to, quickly());
    expect(registry.tags("a")).toEqual(["1"]);
  });

  test.each(cases)("starting an upload, after %s", async (_, answer) => {
    const isBegun = ({ method }: ReceivedRequest): boolean => method === "POST";
    await using registry = await startRegistry({ intercept: first(2, answer, isBegun) });
    const to = docker().parseReference(`//${registry.host}/a:1`);
    await copyImage(await inMemory(image), to, quickly());
    expect(registry.tags("a")).toEqual(["1"]);
  });

  test.each(cases)("requesting a token, after %s", async (_, answer) => {
    const isToken = ({ server }: ReceivedRequest): boolean => server === "tokens";
    await using registry = await startRegistry({
      authentication: { kind: "bearer", users: {}, anonymous: { "*": ["pull"] } },
      intercept: first(2, answer, isToken),
    });
    await registry.putImage("a", image, "1");
    const { retries, made } = quickly();
    await read(registry.host, { retries });
    expect(made).toHaveLength(2);
  });

  test.each([
    ["a manifest", isManifest],
    ["a token", ({ server }: ReceivedRequest) => server === "tokens"],
    ["a list", ({ path }: ReceivedRequest) => path.includes("/tags/")],
  ])("reading %s, after an incomplete response", async (_, isBroken) => {
    let left = 2;
    await using registry = await startRegistry({
      authentication: { kind: "bearer", users: {}, anonymous: { "*": ["pull"] } },
      async *transformBody(request, body) {
        const isRefused = request.server === "registry" && !request.headers.authorization;
        if (isBroken(request) && !isRefused && left-- > 0) yield Buffer.from("{");
        else yield* body;
      },
    });
    await registry.putImage("a", image, "1");
    const { retries, made } = quickly();
    await read(registry.host, { retries });
    const reference = docker().parseReference(`//${registry.host}/a:1`);
    expect(await Array.fromAsync(reference.getTags({ retries }))).toEqual(["1"]);
    expect(made).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
  });

  const unseen = {
    status: 400,
    body: '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}',
  };
  test.each([
    [2, true],
    [3, false],
  ])("writing a manifest, after %i unknown-blob errors", async (count, isWell) => {
    const isWritten = (request: ReceivedRequest): boolean =>
      request.method === "PUT" && isManifest(request);
    await using registry = await startRegistry({ intercept: first(count, unseen, isWritten) });
    const to = docker().parseReference(`//${registry.host}/a:1`);
    const outcome = await copyImage(await inMemory(image), to, quickly()).catch(
      ({ code }: { code: string }) => ({ code }),
    );
    expect(outcome).toMatchObject(
      isWell ? { digest: image.manifest.digest } : { code: "not-found" },
    );
    expect(registry.tags("a")).toEqual(isWell ? ["1"] : []);
  });
});

describe("exhausted retries", () => {
  const errorResponse = {
    status: 429,
    headers: atOnce,
    body: '{"errors":[{"code":"TOOMANYREQUESTS"}]}',
  };

  test("end with the last of five responses, and outer operations do not retry it", async () => {
    await using registry = await startRegistry({ intercept: () => errorResponse });
    const { retries } = quickly();
    const error: unknown = await read(registry.host, { retries }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: "unavailable",
      retryable: true,
      status: 429,
      retryAfter: 0,
      errors: [{ code: "TOOMANYREQUESTS" }],
    });
    expect(registry.requests).toHaveLength(5);
    expect(await retries.waitForRetry({ error, attempt: 1, operation: "copy" })).toBe(false);
  });

  test("are counted for all requests of a copy", async () => {
    await using registry = await startRegistry({ intercept: () => errorResponse });
    const { retries } = quickly({ maxTotalRetries: 3 });
    await expect(read(registry.host, { retries })).rejects.toMatchObject({ status: 429 });
    await expect(read(registry.host, { retries })).rejects.toMatchObject({ status: 429 });
    expect(registry.requests).toHaveLength(5);
  });

  test.each([
    ["61", /try again in 61 seconds/],
    ["7200", /try again in 2 hours/],
    [new Date(Date.now() + 600_000).toUTCString(), /try again in (?:10|11) minutes/],
  ])("after a Retry-After of %s, the request is not retried", async (wait, words) => {
    const busy = { status: 503, headers: { "Retry-After": wait } };
    await using registry = await startRegistry({ intercept: first(1, busy, isManifest) });
    const { retries } = quickly();
    await expect(read(registry.host, { retries })).rejects.toMatchObject({
      status: 503,
      retryable: true,
      message: expect.stringMatching(words) as string,
    });
    expect(registry.requests).toHaveLength(1);
  });
});

test.each([400, 403, 501])("%i is not retried", async (status) => {
  await using registry = await startRegistry({ intercept: first(1, { status }, isManifest) });
  await expect(read(registry.host, quickly())).rejects.toMatchObject({ status });
  expect(registry.requests.filter(({ path }) => path !== "/v2/")).toHaveLength(1);
});

test("a delay ends on an abort with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const busy = { status: 503, headers: { "Retry-After": "60" } };
  await using registry = await startRegistry({ intercept: () => busy });
  const onRetry = (): void => void setImmediate(() => controller.abort(reason));
  const retries = new Retries({ onRetry });
  const reading = read(registry.host, { retries, signal: controller.signal });
  await expect(reading).rejects.toBe(reason);
});

describe("a host that refuses connections", () => {
  test("is retried if it responded before", async () => {
    const answer: RequestListener = (_, response) => void response.end('{"tags":["1"]}');
    const server = await startServer(answer);
    const reference = docker().parseReference(`//${server.host}/a:1`);
    await Array.fromAsync(reference.getTags());
    await server[Symbol.asyncDispose]();
    let again: ReturnType<typeof startServer> | undefined;
    const onRetry = (): void => void (again ??= startServer(answer, { port: server.port }));
    const retries = new Retries({ initialDelay: 20, onRetry });
    expect(await Array.fromAsync(reference.getTags({ retries }))).toEqual(["1"]);
    await (await again)?.[Symbol.asyncDispose]();
  });

  test("is not retried if it never responded", async () => {
    const server = await startServer(() => {});
    await server[Symbol.asyncDispose]();
    const { retries, made } = quickly();
    await expect(read(server.host, { retries })).rejects.toMatchObject({ code: "unavailable" });
    expect(made).toEqual([]);
  });
});

describe("a deletion whose response was lost succeeds if the retry finds nothing:", () => {
  const digest = image.manifest.digest;

  /** A registry that deletes and then closes the connection without a response. */
  async function deleteFrom(what: string): Promise<readonly string[]> {
    let left = true;
    await using server = await startServer(({ method }, response) => {
      if (method === "DELETE" && left) {
        left = false;
        response.destroy();
      } else response.writeHead(404).end();
    });
    const reference = docker().parseReference(`//${server.host}/a${what}`);
    await reference.deleteImage(quickly());
    return server.requests;
  }

  test("by digest", async () => {
    expect(await deleteFrom(`@${digest}`)).toHaveLength(3);
  });

  test("by tag, if the registry supports only digests", async () => {
    const requests = await deleteFrom(":1");
    expect(requests[2]).toBe("GET /v2/a/manifests/1");
  });
});

test("concurrent rejections count as one attempt", async () => {
  const together = 20;
  const held: ServerResponse[] = [];
  let isBusy = false;
  await using server = await startServer((_, response) => {
    if (!isBusy) return void response.end('{"tags":["1"]}');
    held.push(response);
    if (held.length < together) return;
    isBusy = false;
    for (const one of held) one.writeHead(429).end();
  });
  const reference = docker().parseReference(`//${server.host}/a:1`);
  await using _ = await reference.newImageSource();
  await Array.fromAsync(reference.getTags());
  isBusy = true;
  const { retries, made } = quickly({ maxTotalRetries: 1 });
  const lists = Array.from({ length: together }, async () =>
    Array.fromAsync(reference.getTags({ retries })),
  );
  expect(await Promise.all(lists)).toEqual(lists.map(() => ["1"]));
  expect(made).toHaveLength(together);
});

test("a hundred requests succeed at a registry that accepts two at a time", async () => {
  let underWay = 0;
  let refused = 0;
  await using server = await startServer((_, response) => {
    const isBusy = underWay >= 2;
    if (isBusy) refused++;
    else underWay++;
    setImmediate(() => {
      if (!isBusy) underWay--;
      response.writeHead(isBusy ? 429 : 200).end('{"tags":["1"]}');
    });
  });
  const reference = docker().parseReference(`//${server.host}/a:1`);
  await using _ = await reference.newImageSource();
  const { retries } = quickly();
  const lists = Array.from({ length: 100 }, async () =>
    Array.fromAsync(reference.getTags({ retries })),
  );
  expect(await Promise.all(lists)).toEqual(lists.map(() => ["1"]));
  expect(refused).toBeGreaterThan(10);
});

test("a blob resumes after its connection is cut", async () => {
  let cuts = 0;
  await using registry = await startRegistry({
    async *transformBody({ path }, body) {
      const isCut = path.includes("/blobs/") && cuts++ === 0;
      for await (const chunk of body) yield isCut ? chunk.subarray(0, -1) : chunk;
    },
  });
  await registry.putImage("a", image, "1");
  const from = docker().parseReference(`//${registry.host}/a:1`);
  const retried: unknown[] = [];
  await copyImage(from, memory().parseReference("a"), {
    onEvent: (event) => void (event.kind === "retry" && retried.push(event.error)),
  });
  expect(retried).toMatchObject([{ code: "unavailable", retryable: true }]);
});
