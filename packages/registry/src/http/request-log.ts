import type { ReceivedRequest, ServerName } from "./exchange.ts";

/** One request. Counters grow while it is processed. */
export interface LoggedRequest {
  readonly server: ServerName;
  readonly method: string;
  readonly path: string;
  /** Without the question mark and without signatures of redirected blobs. */
  readonly query: string;
  /** undefined until the response starts, and if the connection was closed before. */
  readonly status: number | undefined;
  /** Bytes of the body that were read. */
  readonly requestBytes: number;
  /** Bytes of the body that were written. */
  readonly responseBytes: number;
  /** The kind of credentials, never the credentials themselves. */
  readonly authorization: AuthorizationKind;
}

/** The kind of credentials in a request. */
export type AuthorizationKind = "none" | "basic" | "bearer" | "other";

/** A logged request while it is processed. */
export type OpenLogEntry = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] };

/** All requests of one registry, in order of arrival. */
export class RequestLog {
  readonly entries: LoggedRequest[] = [];

  /** Adds an entry for a new request. */
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
