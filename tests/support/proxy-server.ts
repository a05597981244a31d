import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** An HTTP proxy that resolves all hosts to this machine and records requests. */
export interface ProxyServer extends AsyncDisposable {
  readonly url: URL;
  /** `CONNECT registry.test:5000` or `GET http://registry.test:5000/v2/`. */
  readonly requests: readonly string[];
  /** The `Proxy-Authorization` of each request, or undefined. */
  readonly authorizations: readonly (string | undefined)[];
}

/** `errorStatus` is the status of every response. */
export async function startProxy(errorStatus?: number): Promise<ProxyServer> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const note = ({ method, url, headers }: IncomingMessage): void => {
    requests.push(`${method} ${url}`);
    authorizations.push(headers["proxy-authorization"]);
  };
  const server = createServer((received, response) => {
    note(received);
    if (errorStatus !== undefined) return void response.writeHead(errorStatus).end();
    const { port, pathname, search } = new URL(received.url ?? "");
    const { "proxy-authorization": _, ...headers } = received.headers;
    const { method } = received;
    const onward = ask({ host: "127.0.0.1", port, path: pathname + search, method, headers });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    received.pipe(onward);
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("connect", (received: IncomingMessage, socket: Socket) => {
    note(received);
    if (errorStatus !== undefined) return void socket.end(`HTTP/1.1 ${errorStatus} No\r\n\r\n`);
    const onward = connect(Number(received.url?.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    sockets.add(onward);
    for (const one of [socket, onward]) one.on("error", () => one.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    requests,
    authorizations,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
