import type { ReceivedRequest, ServerName } from "./exchange.ts";

/** One request, as it came in. Counts grow while it is under way. */
export interface LoggedRequest {
  readonly server: ServerName;
  readonly method: string;
  readonly path: string;
  /** Without the question mark; signatures of redirected blobs left out. */
  readonly query: string;
  /** undefined as long as there is no answer, and for ever where the connection was cut before. */
  readonly status: number | undefined;
  /** Of the body, as far as it was read. */
  readonly requestBytes: number;
  /** Of the body, as far as it was written. */
  readonly responseBytes: number;
  /** How the client said who it is; never with what. */
  readonly authorization: AuthorizationKind;
}

/** How a request said whose it is; never what it said. */
export type AuthorizationKind = "none" | "basic" | "bearer" | "other";

/** A logged request while it is under way. */
export type OpenLogEntry = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] };

/** All requests of one registry in the order in which they came. */
export class RequestLog {
  readonly entries: LoggedRequest[] = [];

  /** Adds an entry for a request that has just arrived. */
  begin(
    { server, method, path, query: asked }: ReceivedRequest,
    authorization: string | undefined,
  ): OpenLogEntry {
    const query = new URLSearchParams(asked);
    query.delete("signature");
    const entry: OpenLogEntry = {
      server,
      method,
      path,
      query: query.toString(),
      status: undefined,
      requestBytes: 0,
      responseBytes: 0,
      authorization: authorizationKindOf(authorization),
    };
    this.entries.push(entry);
    return entry;
  }
}

function authorizationKindOf(header: string | undefined): AuthorizationKind {
  if (header === undefined) return "none";
  const scheme = header.split(" ", 1)[0]?.toLowerCase();
  return scheme === "basic" || scheme === "bearer" ? scheme : "other";
}
