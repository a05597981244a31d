import { copyImage, openImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { inMemory, randomImage, startRegistry } from "@drayage/testkit";
import type { Interception, ReceivedRequest } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import type { HTTPRequest } from "../../src/http/http-exchange.ts";
import { withRetries } from "../../src/http/retries.ts";
import { docker } from "../../src/index.ts";

const image = await randomImage("retries", { layers: 1 });
const atOnce = { "Retry-After": "0" };

/** Answers the first so many of the requests that match in another way. */
function first(
  count: number,
  answer: Interception,
  matches: (request: ReceivedRequest) => boolean,
): (request: ReceivedRequest) => Interception {
  let left = count;
  return (request) => (matches(request) && left-- > 0 ? answer : undefined);
}

const isManifest = ({ path }: ReceivedRequest): boolean => path.includes("/manifests/");

describe("what may pass is tried again", () => {
  const cases: readonly (readonly [string, Interception])[] = [
    ["429", { status: 429, headers: atOnce }],
    ["503", { status: 503, headers: { "Retry-After": new Date(0).toUTCString() } }],
    ["a cut connection", "cut"],
  ];
  test.each(cases)("reading, after %s", async (_, answer) => {
    await using registry = await startRegistry({ intercept: first(2, answer, isManifest) });
    await registry.putImage("a", image, "1");
    await openImage(docker().parseReference(`//${registry.host}/a:1`)).then((opened) =>
      opened[Symbol.asyncDispose](),
    );
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(3);
  });

  test.each(cases)("writing a manifest, after %s", async (_, answer) => {
    const isWritten = ({ method, path }: ReceivedRequest): boolean =>
      method === "PUT" && path.includes("/manifests/");
    await using registry = await startRegistry({ intercept: first(2, answer, isWritten) });
    await copyImage(await inMemory(image), docker().parseReference(`//${registry.host}/a:1`));
    expect(registry.tags("a")).toEqual(["1"]);
  });

  const unseen = {
    status: 400,
    body: '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}',
  };
  test.each([
    [2, true],
    [3, false],
  ])("writing a manifest, after a blob was not seen %i times", async (count, isWell) => {
    const isWritten = ({ method, path }: ReceivedRequest): boolean =>
      method === "PUT" && path.includes("/manifests/");
    await using registry = await startRegistry({ intercept: first(count, unseen, isWritten) });
    const to = docker().parseReference(`//${registry.host}/a:1`);
    const outcome = await copyImage(await inMemory(image), to).catch(
      ({ code }: { code: string }) => ({ code }),
    );
    expect(outcome).toMatchObject(
      isWell ? { digest: image.manifest.digest } : { code: "not-found" },
    );
    expect(registry.tags("a")).toEqual(isWell ? ["1"] : []);
  });

  test("three times, then the answer counts", async () => {
    const refusal = {
      status: 429,
      headers: atOnce,
      body: '{"errors":[{"code":"TOOMANYREQUESTS"}]}',
    };
    await using registry = await startRegistry({ intercept: () => refusal });
    const opened = openImage(docker().parseReference(`//${registry.host}/a:1`));
    await expect(opened).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      status: 429,
      retryAfter: 0,
      errors: [{ code: "TOOMANYREQUESTS" }],
    });
    expect(registry.requests).toHaveLength(3);
  });
});

test.each([
  ["500", { status: 500 }],
  ["404", { status: 404 }],
  ["a wait that is too long", { status: 503, headers: { "Retry-After": "61" } }],
] as const)("%s is not tried again", async (_, answer) => {
  await using registry = await startRegistry({ intercept: first(1, answer, isManifest) });
  const destination = docker().parseReference(`//${registry.host}/a@${image.manifest.digest}`);
  await expect(openImage(destination)).rejects.toMatchObject({ status: answer.status });
  expect(registry.requests).toHaveLength(1);
});

test("a pause ends with an abort, whose reason passes through", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const url = new URL("http://registry.example.com/v2/");
  const request: HTTPRequest = { method: "GET", url, headers: {}, signal: controller.signal };
  const busy = withRetries(request, async () => ({
    status: 503,
    url,
    headers: { "retry-after": "60" },
    bytes: (async function* () {})(),
    discard: async () => void setImmediate(() => controller.abort(reason)),
  }));
  await expect(busy).rejects.toBe(reason);
});

test("a blob in the middle of which the connection is cut is begun anew by the copy", async () => {
  let cuts = 0;
  await using registry = await startRegistry({
    async *transformBody({ path }, body) {
      const isCut = path.includes("/blobs/") && cuts++ === 0;
      for await (const chunk of body) yield isCut ? chunk.subarray(1) : chunk;
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
