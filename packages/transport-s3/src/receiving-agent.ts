import type { Agent } from "node:http";
import type { OnReadOpts, Socket } from "node:net";

/** Bytes that are received at once, at most. */
const bufferSize = 1 << 16;

/** Lets each connection of an agent read into the same memory again and again: what is parsed of an answer is copied from there. */
export function receiving<Some extends Agent>(agent: Some): Some {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const receivingOptions = { ...options, onread: onread() };
    return connect(receivingOptions, callback);
  };
  return agent;
}

function onread(): OnReadOpts {
  let memory = Buffer.allocUnsafeSlow(bufferSize);
  return {
    buffer: () => memory,
    callback(this: Socket, size: number): boolean {
      const wantsMore = this.push(memory.subarray(0, size));
      // What was not parsed at once stays in there until it is.
      if (this.readableLength > 0) memory = Buffer.allocUnsafeSlow(bufferSize);
      return wantsMore;
    },
  };
}
