import type { Socket } from "node:net";

import type { buildConnector } from "undici";

/** Connectors of undici return the socket, which is missing in its types. */
type Connect = (...given: Parameters<buildConnector.connector>) => unknown;

/** Sockets that are connected or connecting. undici has only connected ones. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>();

  /** A connector whose sockets are closed by `destroy`. */
  tracked(connect: Connect): buildConnector.connector {
    return (target, callback) => {
      const socket = connect(target, callback) as Socket;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    };
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}
