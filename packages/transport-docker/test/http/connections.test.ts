import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

import { copyImage, openImage, Retries } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import { newAuthority, opensslProgram, scratchFolder } from "@drayage/test-support";
import type { KeyPair } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../../src/index.ts";
import type { DockerSettings } from "../../src/index.ts";
import { startServer } from "../recording-server.ts";

const image = await randomImage("connections", { layers: 2 });

/** Options without retries. */
function withoutRetries(): OperationOptions {
  return { retries: new Retries({ maxAttempts: 1 }) };
}

async function tagsAt(host: string, settings?: DockerSettings): Promise<readonly string[]> {
  return Array.fromAsync(docker(settings).parseReference(`//${host}/a`).getTags(withoutRetries()));
}

describe("a registry that", () => {
  test("does not run is unavailable and named", async () => {
    const server = await startServer(() => {});
    await server[Symbol.asyncDispose]();
    await expect(tagsAt(server.host)).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      reference: `docker://${server.host}/a:latest`,
      message: expect.stringContaining(server.host) as string,
    });
  });

  test("has an unknown name is permanently unavailable", async () => {
    const failure = { code: "unavailable", retryable: false };
    await expect(tagsAt("registry.invalid")).rejects.toMatchObject(failure);
  });

  test("never responds fails after the idle timeout without a retry", async () => {
    await using server = await startServer(() => {});
    await expect(tagsAt(server.host, { idleTimeout: 200 })).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(server.requests).toHaveLength(1);
  });

  test("stops responding fails after the idle timeout", async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"tags":[');
    });
    await expect(tagsAt(server.host, { idleTimeout: 200 })).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });

  test.each([
    ["of unknown size", {}],
    ["of a known size", { digest: image.manifest.digest, size: 1 << 30 }],
  ])("does not read a blob %s fails", async (_, blob) => {
    await using server = await startServer(({ method, headers }, response) => {
      const location = `http://${headers.host}/upload`;
      if (method === "POST") response.writeHead(202, { location }).end();
      if (method === "HEAD") response.writeHead(404).end();
      if (method === "DELETE") response.writeHead(204).end();
    });
    const to = docker({ idleTimeout: 100 }).parseReference(`//${server.host}/a:1`);
    await using destination = await to.newImageDestination();
    const bytes = new Uint8Array(1 << 16);
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield bytes;
    }
    const sending = destination.putBlob(endless(), blob, withoutRetries());
    await expect(sending).rejects.toMatchObject({ code: "unavailable" });
  });

  test("does not speak HTTP is permanently unavailable", async () => {
    const server = createServer((socket) => void socket.end("220 mail.example.com ESMTP\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await expect(tagsAt(`127.0.0.1:${port}`)).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
    });
    server.close();
  });
});

/** A certificate of an unknown authority. */
async function selfSigned(): Promise<KeyPair> {
  return newAuthority(await scratchFolder(), "nobody").issue("server");
}

/** Responds to clients without TLS with an error, like servers in Go, and forwards the others. */
async function startGoServer(behind: number): Promise<AsyncDisposable & { readonly host: string }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (start) => {
      socket.pause();
      const isTLS = start[0] === 0x16;
      if (!isTLS) {
        socket.end(
          "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        );
        return;
      }
      const through = connect(behind, "127.0.0.1");
      through.on("error", () => socket.destroy());
      through.write(start);
      through.pipe(socket).pipe(through);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

describe.skipIf(opensslProgram === undefined)("https on this machine (needs openssl)", () => {
  test("is found if http fails", async () => {
    await using registry = await startRegistry({ tls: await selfSigned() });
    await copyImage(
      await inMemory(image),
      docker({ insecure: true }).parseReference(`//${registry.host}/a:1`),
    );
    expect(registry.tags("a")).toEqual(["1"]);
  });

  test("is found after a HEAD request with a 400", async () => {
    await using registry = await startRegistry({ tls: await selfSigned() });
    await using server = await startGoServer(registry.port);
    const to = docker({ insecure: true }).parseReference(`//${server.host}/a:1`);
    await using destination = await to.newImageDestination();
    expect(await destination.resolve?.()).toBeUndefined();
    await copyImage(await inMemory(image), to);
    expect(registry.tags("a")).toEqual(["1"]);
  });

  test("with an untrusted certificate is rejected with advice", async () => {
    await using registry = await startRegistry({ tls: await selfSigned() });
    await expect(tagsAt(registry.host)).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
      message: expect.stringContaining("insecure") as string,
    });
    expect(registry.requests).toEqual([]);
  });
});

test("a 400 response that requires https is retried with https", async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(400).end("Client sent an HTTP request to an HTTPS server.\n");
  });
  await expect(tagsAt(server.host)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("TLS") as string,
  });
});

test("another 400 is the response of the registry", async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(400).end('{"errors":[{"code":"NAME_INVALID","message":"no"}]}');
  });
  await expect(tagsAt(server.host)).rejects.toMatchObject({
    status: 400,
    errors: [{ code: "NAME_INVALID" }],
  });
});

test("connections are shared and closed with the last user", async () => {
  await using server = await startServer((_, response) => {
    response.end('{"tags":["1"]}');
  });
  const transport = docker();
  const reference = transport.parseReference(`//${server.host}/a:1`);
  const source = await reference.newImageSource();
  await source.getManifest().catch(() => {});
  expect(await Array.fromAsync(reference.getTags())).toEqual(["1"]);
  expect(server.connections).toBe(1);
  await source[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await server.noConnections();
});

test("a HEAD request keeps its connection", async () => {
  await using server = await startServer((_, response) => {
    response
      .setHeader("docker-content-digest", image.manifest.digest)
      .setHeader("content-length", "10");
    response.writeHead(200).end();
  });
  const reference = docker().parseReference(`//${server.host}/a:1`);
  await using destination = await reference.newImageDestination();
  for (let round = 0; round < 3; round++) await destination.resolve?.();
  expect(server.connections).toBe(1);
});

test("the user agent is configurable", async () => {
  const seen: unknown[] = [];
  await using server = await startServer(({ headers }, response) => {
    seen.push(headers["user-agent"]);
    response.end('{"tags":[]}');
  });
  await tagsAt(server.host);
  await tagsAt(server.host, { userAgent: "me/1" });
  expect(seen).toEqual(["drayage", "me/1"]);
});

test("at most ten redirects are followed", async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(307, { location: "?again" }).end();
  });
  const opened = openImage(docker().parseReference(`//${server.host}/a:1`));
  await expect(opened).rejects.toMatchObject({ code: "unsupported" });
  expect(server.requests).toHaveLength(11);
});
