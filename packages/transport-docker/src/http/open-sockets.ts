import type { Socket } from "node:net";

import type { buildConnector } from "undici";

/** undici returns the socket, and its types do not say so. */
type Connect = (...given: Parameters<buildConnector.connector>) => unknown;

/** Sockets from the beginning of their connection on. undici knows them only once they are connected. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>();

  /** The same connector, whose sockets are closed by `destroy`. */
  watched(connect: Connect): buildConnector.connector {
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
