import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { OnReadOpts, Socket } from "node:net";

/** The maximum number of bytes per read. */
const bufferSize = 1 << 16;

/** Makes each connection of an agent reuse its read buffer. This is safe because Node copies parsed bodies. */
export function reusingBuffers<Some extends Agent>(agent: Some): Some {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const receivingOptions = { ...options, onread: onread() };
    return connect(receivingOptions, callback);
  };
  return agent;
}

/** The method of an agent that receives each request before it is sent. Node's types omit it. */
interface RequestReceiver {
  addRequest(request: ClientRequest, ...rest: readonly unknown[]): void;
}

/** The maximum number of informational responses (1xx) before the final one. */
const maxInformational = 32;

/**
 * Fails requests that would never end: after a switch of protocols (101), and after too many informational responses.
 */
export function rejectingUnfinished<Some extends Agent>(agent: Some): Some {
  const receiver = agent as unknown as RequestReceiver;
  const addRequest = receiver.addRequest.bind(agent);
  receiver.addRequest = (request, ...rest) => {
    request.once("upgrade", (_: IncomingMessage, socket: Socket) => {
      socket.destroy();
      request.emit("error", new NoResponse("the response switches to another protocol"));
    });
    let informational = 0;
    request.on("information", () => {
      if (++informational > maxInformational) {
        request.destroy(new NoResponse(`more than ${maxInformational} responses of status 1xx`));
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
      // Unparsed bytes stay in the current buffer.
      if (this.readableLength > 0) memory = Buffer.allocUnsafeSlow(bufferSize);
      return wantsMore;
    },
  };
}
