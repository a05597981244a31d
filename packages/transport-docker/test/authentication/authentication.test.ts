import type { ServerResponse } from "node:http";

import { copyImage, openImage } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startRegistry } from "@drayage/registry";
import type { Registry, RegistryUser } from "@drayage/registry";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

const secret = "correct horse";
const ann = { username: "ann", password: secret };
const users: Record<string, RegistryUser> = { ann: { password: secret, identityToken: "idt" } };
const bearer = { authentication: { kind: "bearer", users } } as const;
const image = await randomImage("authentication", { layers: 4 });

async function pull(host: string, settings?: DockerSettings): Promise<void> {
  const from = docker(settings).parseReference(`//${host}/a:1`);
  await copyImage(from, memory().parseReference("a"));
}

function kindsOf({ requests }: Registry): readonly string[] {
  return requests.map(
    ({ server, method, authorization }) => `${server} ${method} ${authorization}`,
  );
}

describe("a registry with tokens", () => {
  test("gets one shared token after its challenge", async () => {
    await using registry = await startRegistry(bearer);
    await registry.putImage("a", image, "1");
    await pull(registry.host, { credentials: ann });
    expect(kindsOf(registry)).toEqual([
      "registry GET none",
      "tokens GET basic",
      "registry GET bearer",
      ...Array.from(image.blobs, () => "registry GET bearer"),
    ]);
  });

  test("returns a token without credentials if it allows anonymous pulls", async () => {
    const authentication = { kind: "bearer", users, anonymous: { "*": ["pull"] } } as const;
    await using registry = await startRegistry({ authentication });
    await registry.putImage("a", image, "1");
    await pull(registry.host);
    expect(kindsOf(registry)[1]).toBe("tokens GET none");
  });

  test("accepts an identity token instead of a password", async () => {
    await using registry = await startRegistry(bearer);
    await registry.putImage("a", image, "1");
    await pull(registry.host, { credentials: { identityToken: "idt" } });
    expect(kindsOf(registry)[1]).toBe("tokens POST none");
  });

  test("gets the registryToken of the settings unchanged", async () => {
    await using server = await startServer(({ headers }, response) => {
      const isRight = headers.authorization === "Bearer as it is";
      response.setHeader(
        "www-authenticate",
        'Basic realm="x", Bearer realm="http://nowhere.invalid"',
      );
      response.writeHead(isRight ? 404 : 401).end();
    });
    const pulled = pull(server.host, { registryToken: "as it is", credentials: ann });
    await expect(pulled).rejects.toMatchObject({ code: "not-found" });
    expect(server.authorizations.slice(0, 2)).toEqual([undefined, "Bearer as it is"]);
  });

  test("is sent a new token after it rejects the first", async () => {
    await using registry = await startRegistry(bearer);
    await registry.putImage("a", image, "1");
    const from = docker({ credentials: ann }).parseReference(`//${registry.host}/a:1`);
    await using source = await from.newImageSource();
    await source.getManifest();
    registry.expireTokens();
    registry.clear();
    for await (const _ of source.getBlob({ digest: [...image.blobs.keys()][0]! }));
    expect(kindsOf(registry)).toEqual([
      "registry GET bearer",
      "tokens GET basic",
      "registry GET bearer",
    ]);
  });

  test("is sent a new token if the first expires during retries", async () => {
    let isBusy = true;
    await using registry = await startRegistry({
      ...bearer,
      intercept({ server, headers }) {
        if (server !== "registry" || headers.authorization === undefined || !isBusy) return;
        isBusy = false;
        registry.expireTokens();
        return { status: 503, headers: { "Retry-After": "0" } };
      },
    });
    await registry.putImage("a", image, "1");
    await pull(registry.host, { credentials: ann });
    expect(registry.requests.filter(({ server }) => server === "tokens")).toHaveLength(2);
  });

  test("is sent a new token before the first expires", async () => {
    let given = 0;
    await using server = await startServer(({ url = "", headers }, response) => {
      if (url.startsWith("/token")) {
        response.end(JSON.stringify({ token: `t${++given}`, expires_in: 0.000_001 }));
        return;
      }
      const isKnown = headers.authorization !== undefined;
      const realm = `http://${headers.host}/token`;
      response.setHeader("www-authenticate", `Bearer realm="${realm}",service="s"`);
      response.writeHead(isKnown ? 200 : 401).end(isKnown ? '{"tags":["x"]}' : "");
    });
    const reference = docker().parseReference(`//${server.host}/a`);
    for (let round = 0; round < 3; round++) for await (const _ of reference.getTags());
    const used = server.authorizations.filter((authorization) => authorization !== undefined);
    expect(used).toEqual(["Bearer t1", "Bearer t2", "Bearer t3"]);
  });

  test("may require more scopes than requested, which are requested once", async () => {
    const seen: string[] = [];
    await using server = await startServer(({ url = "", headers }, response) => {
      const { pathname, searchParams } = new URL(url, `http://${headers.host}`);
      if (pathname === "/token") {
        const scopes = searchParams.getAll("scope");
        seen.push(scopes.join(" "));
        response.end(
          JSON.stringify({
            access_token: scopes.includes("repository:b:pull") ? "wide" : "narrow",
          }),
        );
        return;
      }
      const isEnough = headers.authorization === "Bearer wide";
      const scope = headers.authorization
        ? `,error="insufficient_scope",scope="repository:b:pull"`
        : "";
      response.setHeader("www-authenticate", `Bearer realm="http://${headers.host}/token"${scope}`);
      response.writeHead(isEnough ? 200 : 401).end(isEnough ? '{"tags":["x"]}' : "");
    });
    const reference = docker().parseReference(`//${server.host}/a`);
    for (let round = 0; round < 2; round++) for await (const _ of reference.getTags());
    expect(seen).toEqual(["repository:a:pull", "repository:a:pull repository:b:pull"]);
    expect(server.authorizations.filter((each) => each === "Bearer narrow")).toHaveLength(1);
  });

  test("that denies a repository gets no further request", async () => {
    const authentication = {
      kind: "bearer",
      users: { ann: { ...users["ann"]!, rights: {} } },
    } as const;
    await using registry = await startRegistry({ authentication });
    await expect(pull(registry.host, { credentials: ann })).rejects.toMatchObject({
      code: "denied",
      status: 401,
      message: expect.stringContaining("the repository does not exist") as string,
    });
    expect(registry.requests).toHaveLength(3);
  });

  test.each([
    ["<html>", "unavailable"],
    ["{}", "unavailable"],
    [JSON.stringify({ token: "a\r\nb" }), "unavailable"],
  ])("fails if its token server returns %s", async (body, code) => {
    await using server = await startServer(({ url = "", headers }, response) => {
      response.setHeader("www-authenticate", `Bearer realm="http://${headers.host}/token"`);
      if (url.startsWith("/token")) response.end(body);
      else response.writeHead(401).end();
    });
    await expect(pull(server.host)).rejects.toMatchObject({ code });
  });
});

test.each(["", ',realm="/token"', ',realm="ftp://x"'])(
  "a registry without a token server URL fails (%s)",
  async (realm) => {
    await using server = await startServer((_, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer service="s"${realm}` }).end();
    });
    await expect(pull(server.host)).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
    });
  },
);

test("parallel requests wait for the first to find the origin, and share one token", async () => {
  await using registry = await startRegistry(bearer);
  await registry.putImage("a", image, "1");
  const reference = docker({ credentials: ann }).parseReference(`//${registry.host}/a:1`);
  await using source = await reference.newImageSource();
  const digests = [...image.blobs.keys()];
  await Promise.all(digests.map(async (digest) => Array.fromAsync(source.getBlob({ digest }))));
  expect(kindsOf(registry).filter((kind) => kind === "tokens GET basic")).toHaveLength(1);
});

test("an abort of one request does not abort the token of others", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const requested = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await using server = await startServer(({ url = "", headers }, response) => {
    if (url.startsWith("/token")) {
      requested.resolve();
      void answer.promise.then(() => response.end('{"token":"t"}'));
      return;
    }
    const isKnown = headers.authorization === "Bearer t";
    response.setHeader("www-authenticate", `Bearer realm="http://${headers.host}/token"`);
    response.writeHead(isKnown ? 200 : 401).end(isKnown ? '{"tags":["1"]}' : "");
  });
  const reference = docker().parseReference(`//${server.host}/a`);
  const aborted = Array.fromAsync(reference.getTags({ signal: controller.signal }));
  const waiting = Array.fromAsync(reference.getTags());
  await requested.promise;
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  answer.resolve();
  expect(await waiting).toEqual(["1"]);
  expect(server.requests.filter((request) => request.startsWith("GET /token"))).toHaveLength(1);
});

describe("a registry with passwords", () => {
  const authentication = { kind: "basic", users } as const;

  test("gets the password after its challenge", async () => {
    await using registry = await startRegistry({ authentication });
    await registry.putImage("a", image, "1");
    await pull(registry.host, { credentials: ann });
    expect(kindsOf(registry).slice(0, 3)).toEqual([
      "registry GET none",
      "registry GET basic",
      "registry GET basic",
    ]);
  });

  test("gets no authorization without credentials", async () => {
    await using registry = await startRegistry({ authentication });
    await expect(pull(registry.host)).rejects.toMatchObject({ code: "denied", status: 401 });
    expect(kindsOf(registry)).toEqual(["registry GET none"]);
  });
});

test.each(["basic", "bearer"] as const)(
  "a wrong password is denied and does not appear in the error (%s)",
  async (kind) => {
    await using registry = await startRegistry({ authentication: { kind, users } });
    const credentials = { username: "ann", password: "battery staple" };
    const error: unknown = await pull(registry.host, { credentials }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "denied", retryable: false });
    expect(JSON.stringify(error) + String(error)).not.toMatch(/battery|YW5u/);
  },
);

describe("credentials", () => {
  test("are looked up by the domain in references", async () => {
    await using registry = await startRegistry(bearer);
    await registry.putImage("a", image, "1");
    const hosts: string[] = [];
    const credentials = async (host: string): Promise<typeof ann> => {
      hosts.push(host);
      return ann;
    };
    await pull(registry.host, { credentials });
    expect(hosts).toEqual([registry.host]);
  });

  test.skipIf(process.platform !== "linux")(
    "CVE-2026-59891: are not used for a host whose name contains that of another, on any port",
    async () => {
      const refuse = (_: unknown, response: ServerResponse): void =>
        void response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
      await using short = await startServer(refuse);
      await using long = await startServer(refuse, { hostname: "127.0.0.11", port: short.port });
      await using third = await startServer(refuse);
      const transport = docker({ credentials: (host) => ({ username: host, password: secret }) });
      const servers = [short, long, third];
      for (const { host } of servers) {
        const opened = openImage(transport.parseReference(`//${host}/a:1`));
        await expect(opened).rejects.toMatchObject({ code: "denied" });
      }
      for (const { host, authorizations } of servers) {
        const own = Buffer.from(`${host}:${secret}`).toString("base64");
        expect(authorizations).toEqual([undefined, `Basic ${own}`]);
      }
    },
  );

  test("are not sent by plain http to a token server on another host", async () => {
    await using tokens = await startServer((_, response) => response.end('{"token":"t"}'));
    const realm = `http://localhost:${tokens.port}/token`;
    await using server = await startServer((_, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    });
    await expect(pull(server.host, { credentials: ann })).rejects.toMatchObject({ code: "denied" });
    expect(tokens.requests).toEqual([]);
  });

  test("CVE-2020-15157: are not sent to another origin after a redirect, nor to its token server", async () => {
    await using external = await startServer((_, response) => {
      const realm = `${external.origin}/token`;
      response
        .writeHead(401, { "www-authenticate": `Bearer realm="${realm}", Basic realm=x` })
        .end();
    });
    await using registry = await startRegistry({
      ...bearer,
      intercept: ({ path, headers }) =>
        path.includes("/blobs/") && headers.authorization !== undefined
          ? { status: 307, headers: { Location: `${external.origin}/blob` } }
          : undefined,
    });
    await registry.putImage("a", image, "1");
    await expect(pull(registry.host, { credentials: ann })).rejects.toMatchObject({
      code: "denied",
    });
    expect(external.requests.length).toBeGreaterThan(0);
    expect(new Set(external.requests)).toEqual(new Set(["GET /blob"]));
    expect(new Set(external.authorizations)).toEqual(new Set([undefined]));
  });

  test("are sent after a redirect within the registry", async () => {
    await using registry = await startRegistry({
      authentication: { kind: "basic", users },
      intercept: ({ path }) =>
        path.endsWith("/tags/list") && path.startsWith("/v2/old/")
          ? { status: 301, headers: { Location: "/v2/a/tags/list" } }
          : undefined,
    });
    await registry.putImage("a", image, "1");
    const reference = docker({ credentials: ann }).parseReference(`//${registry.host}/old`);
    expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
  });

  test("are not sent to an upload location on another origin", async () => {
    await using external = await startServer((request, response) => {
      request.resume().on("end", () => response.writeHead(201).end());
    });
    await using registry = await startRegistry({
      ...bearer,
      intercept: ({ method, headers }) =>
        method === "POST" && headers.authorization !== undefined
          ? { status: 202, headers: { Location: `${external.origin}/upload?state=a%2Fb` } }
          : undefined,
    });
    const to = docker({ credentials: ann }).parseReference(`//${registry.host}/a:1`);
    await expect(copyImage(await inMemory(image), to)).rejects.toMatchObject({ code: "not-found" });
    expect(external.requests.length).toBe(image.blobs.size);
    expect(external.requests[0]).toMatch(
      /^PUT \/upload\?state=a%2Fb&digest=sha256%3A[0-9a-f]{64}$/,
    );
    expect(new Set(external.authorizations)).toEqual(new Set([undefined]));
  });

  test("are not sent to the URL of a foreign layer", async () => {
    const layer = image.blobs.get([...image.blobs.keys()][1]!)!;
    await using external = await startServer((_, response) => response.end(layer));
    await using registry = await startRegistry(bearer);
    await registry.putImage("a", image, "1");
    const reference = docker({ credentials: ann }).parseReference(`//${registry.host}/b:1`);
    await using source = await reference.newImageSource();
    const [, digest] = [...image.blobs.keys()];
    const urls = ["ftp://nowhere.invalid/x", `${external.origin}/layer`];
    const chunks = await Array.fromAsync(source.getBlob({ digest, urls }));
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(layer));
    expect(external.authorizations).toEqual([undefined]);
  });

  test("are not sent to another registry with the same repository name", async () => {
    await using other = await startRegistry();
    await other.putImage("a", image, "1");
    await using registry = await startRegistry(bearer);
    const transport = docker({ credentials: (host) => (host === registry.host ? ann : undefined) });
    const from = transport.parseReference(`//${other.host}/a:1`);
    const { blobs } = await copyImage(from, transport.parseReference(`//${registry.host}/b:1`));
    expect(blobs).toMatchObject({ copied: image.blobs.size, reused: 0 });
    expect(new Set(other.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["none"]),
    );
    expect(registry.requests.filter(({ query }) => query.includes("mount="))).toEqual([]);
  });
});
