import type { buildConnector } from "undici";

import type { ReceiveBuffers } from "./receive-buffers.ts";

const isBun = "bun" in process.versions;

/**
 * Creates a connector that gives each connection its own receive buffer. undici uses the same options for all connections
 * of an agent and caches TLS sessions in them, so sessions are cached here.
 */
export function connectorWith(
  build: typeof buildConnector,
  options: buildConnector.BuildOptions,
  buffers: ReceiveBuffers,
): buildConnector.connector {
  const sessions = new Map<string, Buffer>();
  return (target, callback) => {
    const session = sessions.get(target.hostname);
    // Bun calls it without the socket.
    const onread = isBun ? {} : { onread: buffers.onread() };
    const connect = build({ ...options, ...(session && { session }), ...onread });
    return connect(target, (...result) => {
      result[1]?.on("session", (fresh: Buffer) => sessions.set(target.hostname, fresh));
      callback(...result);
    });
  };
}
