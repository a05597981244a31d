import { expect, test } from "vitest";

import { connectionError } from "../../src/http/connection-error.ts";

const notFound = Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" });

test.each([
  ["https://registry-1.docker.io/v2/", "check the network and the DNS server (ENOTFOUND)"],
  ["https://registry.example.com/v2/", "check its spelling and, if other hosts"],
])("of an unknown host, %s: %s", (url, advice) => {
  const { code, message } = connectionError(new URL(url), notFound);
  expect({ code, message }).toEqual({
    code: "unavailable",
    message: expect.stringContaining(advice) as string,
  });
});

test("of docker.io does not mention the spelling", () => {
  const { message } = connectionError(new URL("https://registry-1.docker.io/v2/"), notFound);
  expect(message).not.toContain("spelling");
});
