import { request as requestHTTP } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as requestHTTPS } from "node:https";
import { isIP, isIPv6 } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTLS } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";

import { HttpsProxyAgent } from "https-proxy-agent";

/** Milliseconds for CONNECT and the TLS handshake, as for a connection without a proxy. */
const connectTimeout = 10_000;

type ConnectOptions = Parameters<HttpsProxyAgent<string>["connect"]>[1];

/** Connects to https stores through a proxy. Responses of the proxy itself are errors, not responses of the store. */
export class TunnelAgent extends HttpsProxyAgent<string> {
  /** The base class guesses this from the call stack, and then does not find its open connections. */
  override isSecureEndpoint(): boolean {
    return true;
  }

  /**
   * Connects once TLS is established, so that the time limit for connecting covers the handshake. The base class passes
   * responses to CONNECT on to the caller, reads their headers without a limit, and loses what follows them.
   * @throws ProxyError for every response to CONNECT except 200
   */
  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    const timeout = AbortSignal.timeout(connectTimeout);
    using destruction = new Destruction(request);
    const signal = AbortSignal.any([timeout, destruction.signal]);
    try {
      const socket = await openTunnel(this.proxy, options, signal);
      return await encrypted(socket, options, signal);
    } catch (error) {
      throw timeout.aborted ? new TunnelTimeout({ cause: error }) : error;
    }
  }
}

/** Aborts when a request is destroyed, which emits no event before the request has a socket. */
class Destruction implements Disposable {
  readonly #controller = new AbortController();
  readonly #request: ClientRequest;

  constructor(request: ClientRequest) {
    this.#request = request;
    const destroy = request.destroy.bind(request);
    request.destroy = (error) => {
      this.#controller.abort();
      return destroy(error);
    };
    if (request.destroyed) this.#controller.abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    Reflect.deleteProperty(this.#request, "destroy");
  }
}

/** Opens a connection to the host of a request through the proxy. */
async function openTunnel(
  proxy: URL,
  { host = "", port }: ConnectOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const isEncrypted = proxy.protocol === "https:";
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const connecting = (isEncrypted ? requestHTTPS : requestHTTP)({
    method: "CONNECT",
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: proxy.port || (isEncrypted ? 443 : 80),
    path: authority,
    headers: { host: authority, "proxy-connection": "keep-alive", ...authorizationFor(proxy) },
    agent: false,
    signal,
  });
  connecting.once("error", reject);
  connecting.once("connect", ({ statusCode }: IncomingMessage, socket: Socket, head: Buffer) => {
    if (statusCode === 200 && head.byteLength === 0) return resolve(socket);
    socket.destroy();
    reject(new ProxyError(statusCode));
  });
  connecting.end();
  return promise;
}

/** Starts TLS with the host of a request on an open connection. */
async function encrypted(
  socket: Socket,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const { host = "", path: _, port: __, ...rest } = options as ConnectionOptions;
  const servername = rest.servername ?? (isIP(host) === 0 ? host : undefined);
  const tlsSocket = connectTLS({
    ...rest,
    ...(servername !== undefined && { servername }),
    socket,
  });
  const abort = (): void => {
    tlsSocket.destroy();
    socket.destroy();
    reject(signal.reason as Error);
  };
  signal.addEventListener("abort", abort, { once: true });
  tlsSocket.on("error", reject);
  tlsSocket.once("secureConnect", () => resolve(tlsSocket));
  if (signal.aborted) abort();
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function authorizationFor({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  return { "proxy-authorization": `Basic ${credentials}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A proxy rejected CONNECT, or sent its own data after it had accepted. */
class ProxyError extends Error {
  readonly code: string;

  constructor(status: number | undefined) {
    super(`the proxy answered ${status} to CONNECT`);
    this.name = "ProxyError";
    this.code = status === 200 ? "ERR_PROXY_NO_TUNNEL" : `ERR_PROXY_ANSWER_${status}`;
  }
}

class TunnelTimeout extends Error {
  readonly code = "ETIMEDOUT";

  constructor(options: ErrorOptions) {
    super(`the proxy did not connect within ${connectTimeout} ms`, options);
    this.name = "TunnelTimeout";
  }
}
