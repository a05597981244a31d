import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

/** A server with a request handler that records its requests. */
export interface RecordingServer extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:5000` */
  readonly host: string;
  readonly origin: string;
  /** The method and path of each request: `GET /v2/`. */
  readonly requests: readonly string[];
  /** The `Authorization` of each request, or undefined. */
  readonly authorizations: readonly (string | undefined)[];
  /** The number of connections. */
  readonly connections: number;
  /** Resolves when no connection is open. */
  noConnections(): Promise<void>;
}

export interface RecordingSettings {
  readonly hostname?: string | undefined;
  readonly port?: number | undefined;
  /** The key and certificate for https. */
  readonly tls?: ServerOptions | undefined;
}

export async function startServer(
  respond: (request: IncomingMessage, response: ServerResponse) => void,
  { hostname = "127.0.0.1", port = 0, tls }: RecordingSettings = {},
): Promise<RecordingServer> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    authorizations.push(request.headers.authorization);
    respond(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  const connections = new Set<Promise<unknown>>();
  server.on("connection", (socket) => {
    connections.add(new Promise((resolve) => socket.on("close", resolve)));
  });
  server.listen(port, hostname);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const host = `${hostname}:${address.port}`;
  return {
    port: address.port,
    host,
    origin: `${tls === undefined ? "http" : "https"}://${host}`,
    requests,
    get connections() {
      return connections.size;
    },
    authorizations,
    noConnections: async () => void (await Promise.all(connections)),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
