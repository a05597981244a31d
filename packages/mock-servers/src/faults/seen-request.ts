import type { IncomingMessage } from "node:http";

/** A request on its way through a proxy. */
export interface SeenRequest {
  readonly method: string;
  /** As it was written, without the query. */
  readonly path: string;
  /** What it is, apart from names that a registry makes up: the same from one run to the next. */
  readonly kind: string;
  /** How many of its kind there were, this one included. */
  readonly nth: number;
  readonly hasBody: boolean;
  /** It comes with a bearer token that was good before. */
  readonly hasGoodToken: boolean;
  /** It belongs to an upload that was opened before. */
  readonly isOfUpload: boolean;
}

/** Tells requests apart in the same way in each run, whatever the order in which unlike ones come. */
export class SeenRequests {
  readonly #counts = new Map<string, number>();
  /** What opened them, by path: their own names are random. */
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

  /** A request with this `Authorization` was not refused for it. */
  accepted(authorization: string | undefined): void {
    if (authorization?.startsWith("Bearer ") === true) this.#goodTokens.add(authorization);
  }

  /** An upload goes on at that path: one that this request opened, or belongs to. */
  goesOn(path: string, { path: before, kind, nth }: SeenRequest): void {
    this.#uploads.set(path, this.#uploads.get(before) ?? `(${kind} ${nth})`);
  }
}
