import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

import type { RegistrySettings } from "../registry-settings.ts";

/** A listening server. Its address is known before its handlers are set. */
export interface WebServer extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:5000` */
  readonly host: string;
  readonly origin: string;
  /** Handles all requests, or those for one path. */
  serve(listener: RequestListener, path?: string): void;
}

/** Idle and slow connections are never closed. */
const timeouts = { keepAliveTimeout: 600_000, requestTimeout: 0 };

/** Port 0 selects a free port. Disposing closes all connections. */
export async function openWebServer(
  { hostname = "127.0.0.1", tls }: Pick<RegistrySettings, "hostname" | "tls">,
  port: number,
): Promise<WebServer> {
  const server = tls
    ? createSecureServer({ key: tls.key, cert: tls.certificate, ...timeouts })
    : createServer(timeouts);
  const listeners = new Map<string | undefined, RequestListener>();
  server.on("request", (request, response) => {
    const path = request.url?.split("?", 1)[0];
    const listener = listeners.get(path) ?? listeners.get(undefined);
    if (listener === undefined) response.writeHead(404).end();
    else listener(request, response);
  });
  server.listen(port, hostname);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const host = `${hostname}:${address.port}`;
  return {
    port: address.port,
    host,
    origin: `${tls ? "https" : "http"}://${host}`,
    serve: (listener, path) => void listeners.set(path, listener),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
