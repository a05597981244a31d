import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** The target and latency of a slow proxy. */
export interface SlowProxySettings {
  /** The origin of a server on this machine. The proxy works at the TCP level, so that it may use TLS. */
  readonly target: string;
  /** The round-trip time in milliseconds. Opening a connection takes one more round trip. */
  readonly roundTrip: number;
}

/** A TCP proxy with latency. Disposing closes all connections. */
export interface SlowProxy extends AsyncDisposable {
  /** With the scheme of the target. */
  readonly origin: string;
  /** `127.0.0.1:5000` */
  readonly host: string;
}

/**
 * The maximum number of bytes in transit in one direction of a connection. Enough for 1 GB/s over a distant connection.
 */
const capacity = 32 << 20;

/**
 * Starts a TCP proxy that simulates the latency of a distant server: half a round trip in each direction, and one for
 * opening a connection. Does not limit the bandwidth.
 */
export async function startSlowProxy({ target, roundTrip }: SlowProxySettings): Promise<SlowProxy> {
  const { protocol, hostname, port } = new URL(target);
  const ends = new Set<Socket>();
  const ofEnds = { allowHalfOpen: true, noDelay: true };
  const server = createServer({ ...ofEnds, pauseOnConnect: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), ...ofEnds });
    for (const end of [near, far]) ends.add(end.on("close", () => ends.delete(end)));
    delay(near, far, roundTrip / 2);
    delay(far, near, roundTrip / 2);
    setTimeout(() => near.resume(), roundTrip);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: `${protocol}//${host}`,
    host,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const end of ends) end.destroy();
      await closed;
    },
  };
}

/**
 * Forwards data, end and errors of one socket to the other with a delay. Timers with the same duration fire in order.
 */
function delay(from: Socket, to: Socket, milliseconds: number): void {
  let underWay = 0;
  from.on("data", (chunk: Buffer) => {
    underWay += chunk.byteLength;
    if (underWay > capacity) from.pause();
    setTimeout(() => to.write(chunk, () => arrived(chunk.byteLength)), milliseconds);
  });
  from.on("end", () => setTimeout(() => to.end(), milliseconds));
  from.on("error", () => setTimeout(() => to.resetAndDestroy(), milliseconds));

  function arrived(bytes: number): void {
    underWay -= bytes;
    if (from.isPaused() && underWay < capacity) from.resume();
  }
}
