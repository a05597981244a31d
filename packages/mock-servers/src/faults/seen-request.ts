import type { IncomingMessage } from "node:http";

/** A request at the proxy. */
export interface SeenRequest {
  readonly method: string;
  /** Encoded, without the query. */
  readonly path: string;
  /** The request without random names of the registry: the same in each run. */
  readonly kind: string;
  /** The ordinal number among the requests of its kind. */
  readonly nth: number;
  readonly hasBody: boolean;
  /** Whether it has a bearer token that the registry accepted before. */
  readonly hasGoodToken: boolean;
  /** Whether it belongs to an open upload. */
  readonly isOfUpload: boolean;
}

/** Identifies requests in the same way in each run, independent of the order of different kinds. */
export class SeenRequests {
  readonly #counts = new Map<string, number>();
  /** The requests that opened them, by path. The upload paths are random. */
  readonly #uploads = new Map<string, string>();
  readonly #goodTokens = new Set<string>();

  see({ method = "", url = "/", headers }: IncomingMessage): SeenRequest {
    const { pathname: path, searchParams } = new URL(url, "http://proxy");
    const upload = this.#uploads.get(path);
    const blob = searchParams.get("digest") ?? searchParams.get("mount") ?? "";
    const kind = `${method} ${upload ?? path} ${blob}`.trimEnd();
    const nth = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, nth);
    return {
      method,
      path,
      kind,
      nth,
      hasBody: headers["transfer-encoding"] !== undefined || Number(headers["content-length"]) > 0,
      hasGoodToken: this.#goodTokens.has(headers.authorization ?? ""),
      isOfUpload: upload !== undefined,
    };
  }

  /** Records that the registry accepted this `Authorization`. */
  accepted(authorization: string | undefined): void {
    if (authorization?.startsWith("Bearer ") === true) this.#goodTokens.add(authorization);
  }

  /** Records the new path of an upload that this request opened or continued. */
  goesOn(path: string, { path: before, kind, nth }: SeenRequest): void {
    this.#uploads.set(path, this.#uploads.get(before) ?? `(${kind} ${nth})`);
  }
}
