import type { IncomingMessage, ServerResponse } from "node:http";

import type { Notice } from "@drayage/core";
import { expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

/** The notices of listing tags twice with this response. */
async function noticesAfter(
  headers: Readonly<Record<string, string | readonly string[]>>,
): Promise<{ notices: readonly Notice[]; host: string }> {
  await using server = await startServer((_: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end('{"tags":["1"]}');
  });
  const notices: Notice[] = [];
  const onNotice = (notice: Notice): void => void notices.push(notice);
  const reference = docker().parseReference(`//${server.host}/a`);
  await Array.fromAsync(reference.getTags());
  await Array.fromAsync(reference.getTags({ onNotice }));
  await Array.fromAsync(reference.getTags({ onNotice }));
  return { notices, host: server.host };
}

test.each([
  ['299 - "going away on \\"Monday\\""', 'going away on "Monday"'],
  ['299 - "a\\\\b"', "a\\b"],
  ['299 - ""', ""],
  [`299 - "two  words"`, "two words"],
])("the warning %s is reported once", async (warning, text) => {
  const { notices, host } = await noticesAfter({ warning });
  expect(notices).toEqual([{ kind: "warning", host, text }]);
});

test("several warnings are several notices", async () => {
  const { notices } = await noticesAfter({ warning: ['299 - "one"', '299 - "two"'] });
  expect(notices).toMatchObject([{ text: "one" }, { text: "two" }]);
});

test.each([
  '199 - "text"',
  '299 registry.example.com "text"',
  '299 - "text" "Wed, 21 Oct 2026 07:28:00 GMT"',
  '299 - "te"xt"',
  "299 - text",
])("the warning %s of another form is ignored", async (warning) => {
  expect((await noticesAfter({ warning })).notices).toEqual([]);
});

test("the rate limit is reported with every response", async () => {
  const { notices, host } = await noticesAfter({
    "ratelimit-limit": "100;w=21600",
    "ratelimit-remaining": "76;w=21600",
    "docker-ratelimit-source": "192.0.2.1",
  });
  const limit = { kind: "rate-limit", host, limit: 100, remaining: 76, window: 21_600 };
  const notice = { ...limit, source: "192.0.2.1" };
  expect(notices).toEqual([notice, notice]);
});

test("also without a window and a source", async () => {
  const { notices } = await noticesAfter({ "ratelimit-limit": "5", "ratelimit-remaining": "0" });
  expect(notices[0]).toMatchObject({
    limit: 5,
    remaining: 0,
    window: undefined,
    source: undefined,
  });
});

test.each([
  { "ratelimit-limit": "100" },
  { "ratelimit-limit": "many", "ratelimit-remaining": "some" },
])("%j is ignored", async (headers: Readonly<Record<string, string>>) => {
  expect((await noticesAfter(headers)).notices).toEqual([]);
});
