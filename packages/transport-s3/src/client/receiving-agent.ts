import type { Agent, ClientRequest, IncomingMessage } from "node:http";
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

/** The part of an agent that gets each request before it is sent; Node's types leave it out. */
interface RequestReceiver {
  addRequest(request: ClientRequest, ...rest: readonly unknown[]): void;
}

/** Responses that announce another one (1xx) before it. */
const maxAnnouncements = 32;

/**
 * Makes two things an error of the request, which would otherwise never end: a switch of protocols (101), and responses
 * that announce another one without end.
 */
export function checkingResponses<Some extends Agent>(agent: Some): Some {
  const receiver = agent as unknown as RequestReceiver;
  const addRequest = receiver.addRequest.bind(agent);
  receiver.addRequest = (request, ...rest) => {
    request.once("upgrade", (_: IncomingMessage, socket: Socket) => {
      socket.destroy();
      request.emit("error", new NoResponse("the response switches to another protocol"));
    });
    let announcements = 0;
    request.on("information", () => {
      if (++announcements > maxAnnouncements) {
        request.destroy(new NoResponse(`more than ${maxAnnouncements} responses of status 1xx`));
      }
    });
    addRequest(request, ...rest);
  };
  return agent;
}

class NoResponse extends Error {
  readonly code = "ERR_NO_FINAL_RESPONSE";

  constructor(message: string) {
    super(message);
    this.name = "NoResponse";
  }
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
