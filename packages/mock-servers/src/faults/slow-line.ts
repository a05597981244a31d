import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** Where a slow line leads, and how slow it is. */
export interface SlowLineSettings {
  /** The origin of a server on this machine. What goes over the line is not looked at, and may be TLS. */
  readonly target: string;
  /** Milliseconds from a question to its answer. Opening a connection takes as long again. */
  readonly roundTrip: number;
}

/** A line through this process, cut when disposed of. */
export interface SlowLine extends AsyncDisposable {
  /** With the scheme of its target. */
  readonly origin: string;
  /** `127.0.0.1:5000` */
  readonly host: string;
}

/** The most bytes on their way in one direction of a connection: more than a far line would hold at 1 GB/s. */
const capacity = 32 << 20;

/**
 * A line to a server of this machine that takes as long as one to a server far away: each direction half of the round
 * trip, and opening a connection a whole one. How much goes over it per second is not limited.
 */
export async function startSlowLine({ target, roundTrip }: SlowLineSettings): Promise<SlowLine> {
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
 * What comes from one socket, its end and its breaking off included, goes to the other that much later. Timers of one
 * duration fire in the order in which they were set.
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
