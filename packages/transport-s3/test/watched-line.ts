import { once } from "node:events";
import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** A proxy to a local server that calls `watch` twice for each request: before it forwards the request, and the response. */
export interface WatchedLine extends AsyncDisposable {
  readonly origin: string;
}

/** `watch` receives the method and the path. If it throws, the connection is closed. */
export async function startWatchedLine(
  target: string,
  watch: (asked: string, moment: "arrived" | "done") => void | Promise<void>,
): Promise<WatchedLine> {
  const server = createServer((incoming, response) => {
    const pass = async (): Promise<void> => {
      const { method = "", url = "", headers } = incoming;
      await watch(`${method} ${url}`, "arrived");
      const passed = request(new URL(url, target), { method, headers });
      const answered = once(passed, "response") as Promise<[IncomingMessage]>;
      const [[answer]] = await Promise.all([answered, pipeline(incoming, passed)]);
      await watch(`${method} ${url}`, "done");
      response.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
      await pipeline(answer, response);
    };
    pass().catch(() => incoming.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
