import type { RequestHandler, ServerName } from "./http/exchange.ts";
import { requestListener } from "./http/listener.ts";
import { RequestLog } from "./http/request-log.ts";
import { openWebServer } from "./http/web-server.ts";
import type { WebServer } from "./http/web-server.ts";
import type { RegistrySettings } from "./registry-settings.ts";

/** The servers of one registry. They share a log and hooks. */
export class RegistryServers implements AsyncDisposable {
  readonly log: RequestLog = new RequestLog();
  readonly #settings: RegistrySettings;
  readonly #opened: WebServer[] = [];

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
  }

  async open(port = 0): Promise<WebServer> {
    const server = await openWebServer(this.#settings, port);
    this.#opened.push(server);
    return server;
  }

  /** Handles all requests to a server, or those for one path. */
  serve(server: WebServer, name: ServerName, handler: RequestHandler, path?: string): void {
    server.serve(requestListener(name, this.log, handler, this.#settings), path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((server) => server[Symbol.asyncDispose]()));
  }
}
