import type { buildConnector } from "undici";

import type { ReceiveBuffers } from "./receive-buffers.ts";

const isBun = "bun" in process.versions;

/**
 * How connections are opened, each with the memory that it reads into. undici opens all of an agent with the same
 * options, and keeps the sessions of TLS with them: here each has its own, and the sessions are kept for all.
 */
export function connectorWith(
  build: typeof buildConnector,
  options: buildConnector.BuildOptions,
  buffers: ReceiveBuffers,
): buildConnector.connector {
  const sessions = new Map<string, Buffer>();
  return (target, callback) => {
    const session = sessions.get(target.hostname);
    // Bun does not pass the socket to it
    const onread = isBun ? {} : { onread: buffers.onread() };
    const connect = build({ ...options, ...(session && { session }), ...onread });
    return connect(target, (...result) => {
      result[1]?.on("session", (fresh: Buffer) => sessions.set(target.hostname, fresh));
      callback(...result);
    });
  };
}
