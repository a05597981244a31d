import type { IncomingMessage } from "node:http";

import { openImage, Retries } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../src/index.ts";
import type { DockerSettings } from "../src/index.ts";
import { startServer } from "./recording-server.ts";

const image = await randomImage("access", { layers: 1 });
const ann = { username: "ann", password: "secret" };
const anonymous = { credentials: () => undefined };

async function messageFor(host: string, settings: DockerSettings): Promise<string> {
  const reference = docker(settings).parseReference(`//${host}/a:1`);
  const retries = new Retries({ maxAttempts: 1 });
  const error: unknown = await openImage(reference, { retries }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  return (error as Error).message;
}

function isFor({ headers }: IncomingMessage, user: string): boolean {
  const expected = Buffer.from(`${user}:secret`).toString("base64");
  return headers.authorization === `Basic ${expected}`;
}

describe("401", () => {
  const challenge = { "www-authenticate": 'Basic realm="a"' };

  test.each([
    ["no credentials were sent", anonymous],
    ["it does not accept the credentials", { credentials: ann }],
  ])("reports that %s", async (words, settings) => {
    await using server = await startServer((_, response) => {
      response.writeHead(401, challenge).end();
    });
    expect(await messageFor(server.host, settings)).toContain(`${words}; log in to ${server.host}`);
  });

  test("reports the login command of the program", async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(401, challenge).end();
    });
    const wording = { login: (host: string) => `run login ${host}` };
    const message = await messageFor(server.host, { ...anonymous, wording });
    expect(message).toContain(`; run login ${server.host}`);
  });

  test.each([
    ["no credentials were sent", { ...anonymous }],
    ["it does not accept the credentials", { credentials: ann }],
  ])("of a token server reports that %s", async (words, settings) => {
    await using registry = await startRegistry({ authentication: { kind: "bearer", users: {} } });
    await using server = await startServer((request, response) => {
      const isToken = request.url?.startsWith("/token");
      const realm = `Bearer realm="http://${request.headers.host}/token",service="a"`;
      response.writeHead(401, isToken ? {} : { "www-authenticate": realm }).end();
    });
    expect(await messageFor(server.host, settings)).toContain(words);
    expect(registry.requests).toEqual([]);
  });

  test("with insufficient scope suggests another user", async () => {
    const users = { ann: { password: "secret", rights: {} } };
    await using registry = await startRegistry({ authentication: { kind: "bearer", users } });
    const message = await messageFor(registry.host, { credentials: ann });
    expect(message).toContain("as another user");
    expect(await messageFor(registry.host, anonymous)).not.toContain("as another user");
  });
});

describe("403", () => {
  test("without credentials reports that none were sent", async () => {
    await using server = await startServer(({ url }, response) => {
      response.writeHead(url === "/v2/" ? 200 : 403).end();
    });
    const message = await messageFor(server.host, anonymous);
    expect(message).toContain(`no credentials were sent; log in to ${server.host}`);
    expect(message).not.toContain("do not allow");
    expect(server.requests).toEqual(["GET /v2/a/manifests/1", "GET /v2/"]);
  });

  test("with credentials reports that they do not allow it", async () => {
    await using server = await startServer((request, response) => {
      if (isFor(request, "ann")) response.writeHead(403).end();
      else response.writeHead(401, { "www-authenticate": 'Basic realm="a"' }).end();
    });
    const message = await messageFor(server.host, { credentials: ann });
    expect(message).toContain("the credentials do not allow it");
  });

  test("without a challenge is retried with credentials if /v2/ has a challenge", async () => {
    const { bytes, mediaType } = image.manifest;
    await using server = await startServer((request, response) => {
      if (isFor(request, "ann")) {
        response.writeHead(200, { "content-type": mediaType }).end(bytes);
      } else if (request.url === "/v2/") {
        response.writeHead(401, { "www-authenticate": 'Basic realm="a"' }).end();
      } else response.writeHead(403).end();
    });
    const reference = docker({ credentials: ann }).parseReference(`//${server.host}/a:1`);
    await using source = await reference.newImageSource();
    expect(Buffer.from((await source.getManifest()).bytes)).toEqual(Buffer.from(bytes));
    expect(server.authorizations.slice(0, 2)).toEqual([undefined, undefined]);
  });

  test("requests /v2/ once", async () => {
    await using server = await startServer(({ url }, response) => {
      response.writeHead(url === "/v2/" ? 200 : 403).end();
    });
    const transport = docker(anonymous);
    for (const name of ["a", "b"]) {
      const reference = transport.parseReference(`//${server.host}/${name}:1`);
      await expect(openImage(reference)).rejects.toMatchObject({ code: "denied" });
    }
    expect(server.requests.filter((request) => request === "GET /v2/")).toHaveLength(1);
  });
});

test.each([
  ["for a higher limit", anonymous],
  ["try again later", { credentials: ann }],
])("429 advises %s", async (words, settings) => {
  await using server = await startServer((request, response) => {
    const isKnown = isFor(request, "ann") || !("username" in settings.credentials);
    if (isKnown) response.writeHead(429).end();
    else response.writeHead(401, { "www-authenticate": 'Basic realm="a"' }).end();
  });
  const message = await messageFor(server.host, settings);
  expect(message).toContain(words);
  expect(message.includes("limit")).toBe(settings === anonymous);
});
