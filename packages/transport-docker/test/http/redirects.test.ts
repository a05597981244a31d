import { describe, expect, test } from "vitest";

import { HTTPClient } from "../../src/http/http-client.ts";
import { resolveLocation } from "../../src/http/redirects.ts";
import { startServer } from "../recording-server.ts";

const secure = new URL("https://registry.example.com/v2/");
const plain = new URL("http://storage.example.com/");

describe("redirects from https", () => {
  test("do not lead to plain http", () => {
    expect(() => new HTTPClient({}).rejectDowngrade(secure, plain)).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });

  test("lead to plain http for an insecure host", () => {
    const client = new HTTPClient({ insecure: true });
    expect(() => client.rejectDowngrade(secure, plain)).not.toThrow();
  });

  test("may start from plain http", () => {
    expect(() => new HTTPClient({}).rejectDowngrade(plain, secure)).not.toThrow();
  });
});

test("a Location is relative to its URL", () => {
  expect(resolveLocation("a?b=c%2Fd", secure).href).toBe(
    "https://registry.example.com/v2/a?b=c%2Fd",
  );
  expect(resolveLocation("//other/a", secure).href).toBe("https://other/a");
});

test.each([
  ["/caf\u00c3\u00a9?x=\u00c3\u00a9", "https://registry.example.com/caf%C3%A9?x=%C3%A9"],
  ["/caf%C3%A9", "https://registry.example.com/caf%C3%A9"],
  ["/caf\u00e9", "https://registry.example.com/caf%E9"],
  ["//caf\u00c3\u00a9.example/a", "https://xn--caf-dma.example/a"],
])("the bytes of a Location are preserved: %s", (location, url) => {
  expect(resolveLocation(location, secure).href).toBe(url);
});

test("a Location in UTF-8 is followed", async () => {
  const location = Buffer.from("/caf\u00e9/\u6f22").toString("latin1");
  await using server = await startServer(({ url }, response) => {
    if (url === "/") response.writeHead(307, { location }).end();
    else response.writeHead(200).end();
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  await client.send({ method: "GET", url: new URL(server.origin), headers: {} });
  expect(server.requests.at(-1)).toBe("GET /caf%C3%A9/%E6%BC%A2");
});

test.each(["ftp://example.com", "javascript:1", "http://["])(
  "%s is not a valid Location",
  (location) => {
    expect(() => resolveLocation(location, secure)).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  },
);

test.each([
  ["GET", 301, true],
  ["HEAD", 302, true],
  ["GET", 303, true],
  ["GET", 304, false],
  ["POST", 301, false],
  ["POST", 307, true],
  ["DELETE", 308, true],
] as const)("%s is repeated after %i: %s", async (method, status, isFollowed) => {
  await using server = await startServer(({ url }, response) => {
    response.writeHead(url === "/there" ? 200 : status, { location: "/there" }).end();
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  const response = await client.send({ method, url: new URL(server.origin), headers: {} });
  expect(response.status).toBe(isFollowed ? 200 : status);
  expect(server.requests.length).toBe(isFollowed ? 2 : 1);
});

test("credentials and bodies are not sent to another origin", async () => {
  await using external = await startServer((_, response) => void response.end());
  await using server = await startServer((_, response) => {
    response.writeHead(307, { location: external.origin }).end();
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  const body = Buffer.from("refresh_token=secret");
  const request = { method: "POST", url: new URL(server.origin), headers: {}, body } as const;
  expect((await client.send(request)).status).toBe(307);
  expect(external.requests).toEqual([]);
});
