import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { rename } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import path from "node:path";

import { copyImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { memory } from "@drayage/core/memory";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, onTestFinished, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";
import { useFakeEngine } from "./fake-engine.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function imageIn(handler: Handler, idleTimeout?: number): Promise<ImageReference> {
  const socket = path.join(await scratchFolder(), "docker.sock");
  const { host } = await useFakeEngine(socket, (request, response) => {
    if (request.url?.endsWith("/info") === true) response.end('{"DriverStatus":null}');
    else handler(request, response);
  });
  return dockerDaemon({ host, idleTimeout }).parseReference("a:b");
}

/** An image in a server that sends this text to every connection and closes it. */
async function imageBehind(text: string): Promise<ImageReference> {
  const socket = path.join(await scratchFolder(), "docker.sock");
  const server = createServer((connection) => connection.end(text));
  server.listen(socket);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return dockerDaemon({ host: `unix://${socket}` }).parseReference("a:b");
}

async function anImage(): Promise<ImageReference> {
  return inMemory(await randomImage("an image", { layers: 2, layerSize: 3_000_000 }));
}

const out = (): ImageReference => memory().parseReference("out");

/** Reads the whole request, and then responds. */
function afterwards(answer: (response: ServerResponse) => void): Handler {
  return (request, response) => void request.resume().on("end", () => answer(response));
}

/** Waits until a connection that is opened from now on has been idle for the idle timeout. */
async function nextSilence(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watch = (message: unknown): void => {
    (message as { readonly socket: Socket }).socket.once("timeout", resolve);
  };
  subscribe("net.client.socket", watch);
  onTestFinished(() => void unsubscribe("net.client.socket", watch));
  return promise;
}

const messageWith = (...words: readonly string[]): unknown =>
  expect.stringMatching(new RegExp(words.join(".*"), "s"));

describe("an engine that fails to load", () => {
  test("reports the reason at the end", async () => {
    const to = await imageIn(
      afterwards((response) =>
        response.writeHead(500).end('{"message":"no space left on device"}'),
      ),
    );
    await expect(copyImage(await anImage(), to)).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("load", "500: no space left on device"),
    });
  });

  test("reports the reason in the middle of its report", async () => {
    const report = [
      { status: "Loading layer", id: "1" },
      { errorDetail: { message: "layer is damaged" }, error: "layer is damaged" },
    ];
    const to = await imageIn(
      afterwards((response) => response.end(report.map((one) => JSON.stringify(one)).join("\r\n"))),
    );
    await expect(copyImage(await anImage(), to)).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
      message: messageWith("load", "layer is damaged"),
    });
  });

  test("reports the reason before it has read everything, and reads no further", async () => {
    const body = '{"message":"read-only file system"}';
    const answer = `HTTP/1.1 500 Error\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const to = await imageIn(({ socket }) => void socket.write(answer));
    await expect(copyImage(await anImage(), to)).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("read-only file system"),
    });
  });

  test("sends an invalid report", async () => {
    const to = await imageIn(afterwards((response) => response.end("<html>Sign in</html>")));
    await expect(copyImage(await anImage(), to)).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("a web page"),
    });
  });

  test("closes the connection during the upload", async () => {
    const to = await imageIn((request) => void request.once("data", () => request.destroy()));
    await expect(copyImage(await anImage(), to)).rejects.toMatchObject({
      code: "unavailable",
      // The sent part of the archive is lost, so a retry of the layer is useless.
      retryable: false,
      message: messageWith("closed the connection"),
    });
  });

  test("is disconnected at once if the image is not committed", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<boolean>();
    const to = await imageIn((request) => {
      request.resume().on("error", () => {});
      request.on("close", () => resolve(request.complete));
    });
    {
      await using destination = await to.newImageDestination?.();
      await destination?.putBlob(streamOf(Buffer.alloc(3_000_000)), {});
      await destination?.putBlob(streamOf(Buffer.alloc(3_000_000, 1)), {});
    }
    expect(await closed).toBe(false);
  });

  test("closes the connection while it loads", async () => {
    const to = await imageIn(
      afterwards((response) => {
        response.write('{"status":"Loading layer"}\r\n');
        response.destroy();
      }),
    );
    await expect(copyImage(await anImage(), to)).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      message: messageWith("closed the connection"),
    });
  });

  test.each([
    ["stops reading", () => {}],
    ["never responds", (request: IncomingMessage) => void request.resume()],
  ])("%s", async (_, answer) => {
    const to = await imageIn(answer, 100);
    await expect(copyImage(await anImage(), to)).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("idleTimeout"),
    });
  });

  test("rejects with the reason of an abort, wherever it hangs", async () => {
    const answers: readonly Handler[] = [() => {}, (request) => void request.resume()];
    for (const answer of answers) {
      const controller = new AbortController();
      const reason = new Error("aborted by the test");
      const to = await imageIn((request, response) => {
        setImmediate(() => controller.abort(reason));
        answer(request, response);
      });
      const copy = copyImage(await anImage(), to, { signal: controller.signal });
      await expect(copy).rejects.toBe(reason);
    }
  });

  test("does not time out while the source is slow", async () => {
    const to = await imageIn(
      afterwards((response) => response.end('{"stream":"Loaded image: a:b"}')),
      50,
    );
    const destination = await to.newImageDestination?.();
    const silence = nextSilence();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("slow");
      await silence;
    }
    await destination?.putBlob(streamOf(Buffer.from("first")), {});
    const slow = destination?.putBlob(slowly(), {});
    await expect(slow).resolves.toMatchObject({ size: 4 });
    await destination?.[Symbol.asyncDispose]();
  });

  test("times out after the source was slow", async () => {
    const to = await imageIn(() => {}, 50);
    await using destination = await to.newImageDestination?.();
    const silence = nextSilence();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("slow");
      await silence;
      yield Buffer.alloc(3_000_000);
    }
    await destination?.putBlob(streamOf(Buffer.from("first")), {});
    await expect(destination?.putBlob(slowly(), {})).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("idleTimeout"),
    });
  });
});

/** Has the image, and uses the given handler to save it. */
function saving(answer: (response: ServerResponse) => void): Handler {
  return (request, response) => {
    if (request.url?.endsWith("/json") === true) response.end(`{"Id":"sha256:${"a".repeat(64)}"}`);
    else answer(response);
  };
}

describe("an engine that fails to save", () => {
  test("lists its images", async () => {
    const from = await imageIn((request, response) => {
      if (request.url === "/v1.41/images/json")
        response.end(
          '[{"RepoTags":["x:y"]},{"RepoTags":["a:c","<none>:<none>"]},{"RepoTags":null}]',
        );
      else response.writeHead(404).end('{"message":"reference does not exist"}');
    });
    await expect(copyImage(from, out())).rejects.toMatchObject({
      code: "not-found",
      message: messageWith("a:b", "available: a:c, x:y$"),
    });
  });

  test.each([
    [403, "denied"],
    [400, "unsupported"],
    [500, "unavailable"],
  ])("responds with %i, which is %s", async (status, code) => {
    const from = await imageIn(
      saving((response) => response.writeHead(status).end('{"message":"its own words"}')),
    );
    await expect(copyImage(from, out())).rejects.toMatchObject({
      code,
      message: messageWith("save", `${status}: its own words`),
    });
  });

  test("reports the reason after a part of the archive", async () => {
    const report = { errorDetail: { message: "no layer {1}" }, error: "no layer {1}" };
    const from = await imageIn(
      saving((response) => {
        response.write(Buffer.alloc(100_000));
        response.end(JSON.stringify(report));
      }),
    );
    await expect(copyImage(from, out())).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("save", "no layer {1}"),
    });
  });

  test("responds with other content than an archive", async () => {
    const from = await imageIn(saving((response) => response.end("<html></html>")));
    await expect(copyImage(from, out())).rejects.toMatchObject({ code: "invalid-manifest" });
  });

  test("closes the connection in the middle", async () => {
    const from = await imageIn(
      saving((response) => response.write(Buffer.alloc(100_000), () => response.destroy())),
    );
    await expect(copyImage(from, out())).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });

  test("stops sending in the middle", async () => {
    const from = await imageIn(
      saving((response) => response.write(Buffer.alloc(10))),
      100,
    );
    await expect(copyImage(from, out())).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("idleTimeout"),
    });
  });
});

describe("a server that is not an engine", () => {
  test("is recognized by its response to the ping", async () => {
    const reference = await imageBehind(
      "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n<html>Welcome</html>\r\n",
    );
    await expect(reference.newImageSource()).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("not a container engine", "a web page"),
    });
  });

  test("and responds with 404 does not count as a missing image", async () => {
    const reference = await imageBehind(
      "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found",
    );
    await expect(reference.newImageSource()).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("not a container engine", "check the address"),
    });
  });

  test("does not speak HTTP", async () => {
    const reference = await imageBehind("SSH-2.0-OpenSSH_9.6\r\n");
    await expect(reference.newImageSource()).rejects.toMatchObject({
      code: "unavailable",
      message: messageWith("does not speak HTTP"),
    });
  });

  test("is a socket without a listener", async () => {
    const folder = await scratchFolder();
    const socket = path.join(folder, "docker.sock");
    const server = createServer();
    server.listen(socket);
    await once(server, "listening");
    await rename(socket, `${socket}.kept`);
    server.close();
    await once(server, "close");
    await rename(`${socket}.kept`, socket);
    const reference = dockerDaemon({ host: `unix://${socket}` }).parseReference("a:b");
    await expect(reference.newImageSource()).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
      message: messageWith("start Docker"),
    });
  });
});
