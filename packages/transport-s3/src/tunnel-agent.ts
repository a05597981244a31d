import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

import { HttpsProxyAgent } from "https-proxy-agent";

type ConnectOptions = Parameters<HttpsProxyAgent<string>["connect"]>[1];

/** Reaches https stores through a proxy. Nothing that the proxy itself answers is passed on as an answer of the store. */
export class TunnelAgent extends HttpsProxyAgent<string> {
  /** The agent would guess by its caller, and not find the connections again that it keeps. */
  override isSecureEndpoint(): boolean {
    return true;
  }

  /** @throws ProxyRefusal for every answer to CONNECT but 200: the base class would replay it on a socket of its own */
  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    let status: number | undefined;
    request.once("proxyConnect", (answer: { readonly statusCode: number }) => {
      status = answer.statusCode;
    });
    const socket = await super.connect(request, options);
    if (status === 200) return socket;
    socket.destroy();
    throw new ProxyRefusal(status);
  }
}

/** A proxy did not connect us to a store. */
class ProxyRefusal extends Error {
  readonly code: string;

  constructor(status: number | undefined) {
    super(`the proxy answered ${status} to CONNECT`);
    this.name = "ProxyRefusal";
    this.code = `ERR_PROXY_ANSWER_${status}`;
  }
}
