import type { LookupFunction } from "node:net";

import { digestOf, openImage } from "@drayage/core";
import type { ImageError } from "@drayage/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { fetchToken } from "../../src/authentication/token-request.ts";
import { HTTPClient } from "../../src/http/http-client.ts";
import type { HTTPRequest } from "../../src/http/http-exchange.ts";
import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";
import type { RecordingServer } from "../recording-server.ts";

/** A service on this machine that a public registry may not name. */
let internal: RecordingServer;
const names = ["internal.example"];
/** Resolves some names to this machine. */
const lookup: LookupFunction = (hostname, _, callback) => {
  if (names.includes(hostname)) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(new Error(`no ${hostname}`), "");
};

beforeAll(async () => {
  internal = await startServer((_, response) => void response.end('{"token":"internal"}'));
});
afterAll(async () => internal[Symbol.asyncDispose]());

/** 0.0.0.0 reaches this machine but is not a loopback address. A registry there has the rights of a public one. */
const external = { hostname: "0.0.0.0" };
const settings: DockerSettings = { insecure: true, lookup, credentials: () => undefined };

/** All spellings of hosts of this machine, with a port. */
const spellings = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "0.0.0.0",
  "localhost",
  "localhost.",
  "any.localhost",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[64:ff9b::127.0.0.1]",
  "internal.example",
];

describe("a public registry may not name this machine", () => {
  test.each(spellings)("as a token server at %s", async (host) => {
    const before = internal.requests.length;
    const authorizations: (string | undefined)[] = [];
    await using registry = await startServer(({ headers }, response) => {
      authorizations.push(headers.authorization);
      const realm = `http://${host}:${internal.port}/token`;
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    }, external);
    const reference = docker(settings).parseReference(`//${registry.host}/a:1`);
    await expect(openImage(reference)).rejects.toMatchObject({ code: "untrusted" });
    expect(internal.requests.length).toBe(before);
    expect(new Set(authorizations)).toEqual(new Set([undefined]));
  });

  test.each(spellings)("with a redirect to %s", async (host) => {
    const before = internal.requests.length;
    await using registry = await startServer((_, response) => {
      response.writeHead(307, { location: `http://${host}:${internal.port}/secret` }).end();
    }, external);
    const reference = docker(settings).parseReference(`//${registry.host}/a:1`);
    await expect(openImage(reference)).rejects.toMatchObject({ code: "untrusted" });
    expect(internal.requests.length).toBe(before);
  });

  test.each(spellings)("with the location of an upload at %s", async (host) => {
    const before = internal.requests.length;
    await using registry = await startServer((request, response) => {
      const location = `http://${host}:${internal.port}/upload`;
      response.writeHead(request.method === "POST" ? 202 : 404, { location }).end();
    }, external);
    const reference = docker(settings).parseReference(`//${registry.host}/a:1`);
    await using destination = await reference.newImageDestination();
    const stored = destination.putBlob(inOrder("x"), {});
    await expect(stored).rejects.toMatchObject({ code: "untrusted" });
    expect(internal.requests.length).toBe(before);
  });

  test.each(spellings)("with the URL of a foreign layer at %s", async (host) => {
    const before = internal.requests.length;
    await using registry = await startServer((_, response) => {
      response.writeHead(404).end();
    }, external);
    const reference = docker(settings).parseReference(`//${registry.host}/a:1`);
    await using source = await reference.newImageSource();
    const digest = digestOf(Buffer.from("nowhere"));
    const urls = [`http://${host}:${internal.port}/admin`];
    const read = Array.fromAsync(source.getBlob({ digest, size: 1, urls }));
    await expect(read).rejects.toMatchObject({ code: "not-found" });
    expect(internal.requests.length).toBe(before);
  });
});

/** A request to a URL that the server at `namer` named. */
async function ask(url: string, namer: string, more: DockerSettings = {}): Promise<number> {
  const client = new HTTPClient({ ...settings, ...more });
  await using _ = client.use();
  const request: HTTPRequest = {
    method: "GET",
    url: new URL(url),
    headers: {},
    namedBy: new URL(namer),
  };
  const response = await client.send(request);
  await response.discard();
  return response.status;
}

describe("a host that a server named", () => {
  test.each([
    ["http://127.0.0.1:1/", true],
    ["http://localhost:1/", true],
    ["http://[::1]:1/", true],
    ["http://10.0.0.1/", false],
    ["http://169.254.169.254/", false],
    ["http://registry.example/", false],
    ["http://0.0.0.0:1/", false],
  ])("on this machine is reached if it was %s: %s", async (namer, isReached) => {
    for (const host of ["127.0.0.1", "internal.example"]) {
      const outcome = await ask(`http://${host}:${internal.port}/`, namer).catch(
        ({ code, retryable }: ImageError) => ({ code, retryable }),
      );
      expect(outcome).toEqual(isReached ? 200 : { code: "untrusted", retryable: false });
    }
  });

  test.each<true | readonly string[]>([true, ["internal.example"], ["internal.example:PORT"]])(
    "is reached if the setting allows it: %j",
    async (allowed) => {
      const allowPrivateTargets =
        allowed === true ? true : allowed.map((one) => one.replace("PORT", `${internal.port}`));
      const url = `http://internal.example:${internal.port}/`;
      expect(await ask(url, "https://registry.example/", { allowPrivateTargets })).toBe(200);
    },
  );

  test("is not reached if the setting allows another host", async () => {
    const allowPrivateTargets = ["example", "other.example", `internal.example:1`];
    const url = `http://internal.example:${internal.port}/`;
    const sent = ask(url, "https://registry.example/", { allowPrivateTargets });
    await expect(sent).rejects.toMatchObject({ code: "untrusted" });
  });

  test("is not reached through an existing connection of the user", async () => {
    const client = new HTTPClient(settings);
    await using _ = client.use();
    const url = new URL(`http://internal.example:${internal.port}/`);
    const own = await client.send({ method: "GET", url, headers: {} });
    await own.discard();
    const namedBy = new URL("https://registry.example/");
    const redirected = client.send({ method: "GET", url, headers: {}, namedBy });
    await expect(redirected).rejects.toMatchObject({ code: "untrusted" });
  });

  test("may name only hosts that its own class may name", async () => {
    const before = internal.requests.length;
    await using second = await startServer((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${internal.port}/` }).end();
    }, external);
    const allowPrivateTargets = [second.host];
    const sent = ask(`${second.origin}/`, "http://127.0.0.1:1/", { allowPrivateTargets });
    await expect(sent).rejects.toMatchObject({ code: "untrusted" });
    expect(internal.requests.length).toBe(before);
  });
});

test("a name that also resolves to a public address has the rights of a public host", async () => {
  const addresses = [
    { address: "127.0.0.1", family: 4 },
    { address: "203.0.113.7", family: 4 },
  ];
  await using server = await startServer((_, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${internal.port}/` }).end();
  });
  const client = new HTTPClient({
    insecure: true,
    lookup: (_, __, callback) => callback(null, addresses),
  });
  await using _ = client.use();
  const url = new URL(`http://both.example:${server.port}/`);
  const sent = client.send({ method: "GET", url, headers: {} });
  await expect(sent).rejects.toMatchObject({ code: "untrusted" });
});

test("a registry may be its own token server at any address", async () => {
  await using registry: RecordingServer = await startServer(({ url, headers }, response) => {
    if (url?.startsWith("/token")) response.end('{"token":"own"}');
    else if (headers.authorization === "Bearer own") response.end('{"tags":["1"]}');
    else {
      const realm = `http://${registry.host}/token`;
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    }
  }, external);
  const reference = docker(settings).parseReference(`//${registry.host}/a:1`);
  expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
});

test("a token server with plain http gets no request for a registry with https", async () => {
  const client = new HTTPClient({});
  await using _ = client.use();
  const before = internal.requests.length;
  const realm = `http://127.0.0.1:${internal.port}/token`;
  const token = fetchToken(
    client,
    {
      registry: new URL("https://127.0.0.1:1/"),
      trust: {
        host: "127.0.0.1:1",
        hostname: "127.0.0.1",
        authority: "127.0.0.1:1",
        insecure: false,
        certificates: async () => ({ authorities: [], identities: [] }),
      },
      challenge: { scheme: "bearer", parameters: new Map([["realm", realm]]) },
      scopes: [],
      credentials: undefined,
    },
    {},
  );
  await expect(token).rejects.toMatchObject({ code: "denied" });
  expect(internal.requests.length).toBe(before);
});

async function* inOrder(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
