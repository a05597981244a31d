import { randomUUID } from "node:crypto";

import type { Scope } from "./scope.ts";

/** A token response (Docker Registry token authentication). */
export interface IssuedToken {
  readonly token: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly issued_at: string;
}

/** Issues tokens that a registry accepts. */
export interface TokenIssuer {
  /** A token that grants these scopes. */
  issue(scopes: readonly Scope[]): IssuedToken;
}

/** The issued tokens and their scopes. */
export class Tokens implements TokenIssuer {
  readonly #lifetime: number;
  readonly #granted = new Map<
    string,
    { readonly scopes: readonly Scope[]; readonly end: number }
  >();

  /** In seconds. */
  constructor(lifetime: number) {
    this.#lifetime = lifetime;
  }

  issue(scopes: readonly Scope[]): IssuedToken {
    const token = randomUUID();
    const now = Date.now();
    this.#granted.set(token, { scopes, end: now + this.#lifetime * 1000 });
    return { token, expires_in: this.#lifetime, issued_at: new Date(now).toISOString() };
  }

  /** undefined for unknown and expired tokens. */
  find(token: string): readonly Scope[] | undefined {
    const found = this.#granted.get(token);
    return found !== undefined && Date.now() < found.end ? found.scopes : undefined;
  }

  expireAll(): void {
    this.#granted.clear();
  }
}
