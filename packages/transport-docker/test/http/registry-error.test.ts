import { copyImage, openImage, Retries } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Answer } from "@drayage/registry";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { docker, RegistryError } from "../../src/index.ts";

const image = await randomImage("errors", { layers: 1 });
const digest = image.manifest.digest;

function errorBody(status: number, ...codes: readonly string[]): Answer {
  const errors = codes.map((code) => ({ code, message: `about ${code}`, detail: { a: 1 } }));
  return { status, headers: { "Retry-After": "100" }, body: JSON.stringify({ errors }) };
}

/** Retries without delay. */
function quickly(): OperationOptions {
  return { retries: new Retries({ initialDelay: 0 }) };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail("expected an error"),
    (error: unknown) => error,
  );
}

/** The error of reading an image from a registry with this response. */
async function failureAfter(answer: Answer): Promise<unknown> {
  await using registry = await startRegistry({ intercept: () => answer });
  const reference = docker().parseReference(`//${registry.host}/a@${digest}`);
  return await failureOf(openImage(reference, quickly()));
}

test.each([
  [400, "NAME_INVALID", "unsupported", false],
  [401, "UNAUTHORIZED", "denied", false],
  [403, "DENIED", "denied", false],
  [404, "MANIFEST_UNKNOWN", "not-found", false],
  [405, "UNSUPPORTED", "unsupported", false],
  [408, "UNKNOWN", "unavailable", true],
  [413, "SIZE", "unsupported", false],
  [429, "TOOMANYREQUESTS", "unavailable", true],
  [500, "UNKNOWN", "unavailable", true],
  [501, "UNSUPPORTED", "unsupported", false],
  [503, "UNAVAILABLE", "unavailable", true],
  [204, "", "unavailable", false],
])("%i %s is %s (retryable: %s)", async (status, word, code, retryable) => {
  const error = await failureAfter(errorBody(status, word));
  const reference = expect.stringMatching(/^docker:\/\/127\.0\.0\.1:\d+\/a@sha256:/) as string;
  expect(error).toBeInstanceOf(RegistryError);
  expect(error).toMatchObject({ code, status, retryable, retryAfter: 100, reference });
});

test("an error has the message of the registry, its host and advice", async () => {
  const error = await failureAfter(errorBody(403, "DENIED", "OTHER"));
  expect(error).toMatchObject({
    name: "RegistryError",
    errors: [
      { code: "DENIED", message: "about DENIED", detail: { a: 1 } },
      { code: "OTHER", message: "about OTHER", detail: { a: 1 } },
    ],
  });
  const words =
    /read the manifest .* of 127\.0\.0\.1:\d+\/a: .* 403 DENIED: about DENIED, OTHER: .*; no credentials/;
  expect(String(error)).toMatch(words);
});

test.each([
  [
    "a web page",
    "<!DOCTYPE html><html><body>Welcome</body></html>",
    /web page; check that the host is a registry/,
  ],
  ["words", "upstream\u001b[31m gone\r\n", /500 upstream \[31m gone/],
  ["other words", '{"details":"not today"}', /not today/],
  ["much", "x".repeat(1000), /x{300}…/],
  ["far too much", "y".repeat(10_000_000), /y{300}…/],
  ["nothing", "", /returned 500;/],
  ["an entry that is not an error", '{"errors":[null,1,{"code":"A"}]}', /500 A;/],
])("%s is described", async (_, body, words) => {
  const error = await failureAfter({ status: 500, body });
  expect(String(error)).toMatch(words);
  expect(String(error)).not.toContain("Welcome");
  expect(String(error)).not.toContain("\u001b");
});

test("a web page is not accepted as a manifest", async () => {
  const headers = { "Content-Type": "text/html; charset=utf-8" };
  const error = await failureAfter({ status: 200, headers, body: "<html>Welcome</html>" });
  expect(error).toMatchObject({ code: "unavailable", retryable: false, status: 200 });
});

test.each([
  [400, "MANIFEST_INVALID", "manifest-rejected"],
  [400, "TAG_INVALID", "manifest-rejected"],
  [400, "UNSUPPORTED", "unsupported"],
  [415, "UNKNOWN", "manifest-rejected"],
  [405, "UNSUPPORTED", "unsupported"],
  [400, "MANIFEST_BLOB_UNKNOWN", "not-found"],
  [403, "DENIED", "denied"],
])("a response of %i %s for a manifest is %s", async (status, word, code) => {
  await using registry = await startRegistry({
    intercept: ({ method, path }) =>
      method === "PUT" && path.includes("/manifests/") ? errorBody(status, word) : undefined,
  });
  const to = docker().parseReference(`//${registry.host}/a:1`);
  const copy = copyImage(await inMemory(image), to, quickly());
  expect(await failureOf(copy)).toMatchObject({ code, status });
});

test("insufficient scope is reported as a repository that may not exist", async () => {
  const authentication = { kind: "bearer", users: {} } as const;
  await using registry = await startRegistry({ authentication });
  const reference = docker().parseReference(`//${registry.host}/a@${digest}`);
  await using source = await reference.newImageSource();
  const works = [
    async () => openImage(reference),
    async () => Array.fromAsync(reference.getTags()),
    async () => Array.fromAsync(source.getBlob(image.config)),
    async () => copyImage(await inMemory(image), reference),
    async () => reference.deleteImage(),
  ];
  for (const work of works) {
    expect(await failureOf(work())).toMatchObject({
      code: "denied",
      status: 401,
      message: expect.stringContaining("the repository does not exist or is private") as string,
    });
  }
});

test.each(["1000000000", "1".padEnd(400, "0")])(
  "a delay of %s seconds is reported in days",
  async (seconds) => {
    const failure = await failureAfter({ status: 503, headers: { "Retry-After": seconds } });
    expect((failure as Error).message).toMatch(/try again in more than 30 days$/);
  },
);
