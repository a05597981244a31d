import type { OperationOptions } from "@drayage/core";

import type { DockerAuthConfig, DockerSettings } from "../docker-settings.ts";
import type { HTTPClient } from "../http/http-client.ts";
import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import type { Trust } from "../http/trust.ts";
import { parseChallenges } from "./challenge.ts";
import type { Challenge } from "./challenge.ts";
import { TokenCache } from "./token-cache.ts";
import type { Token } from "./token-cache.ts";
import { basicOf, fetchToken } from "./token-request.ts";

/** A refused request, and what had been said with it. */
export interface Refused {
  /** A 401 of the registry itself. */
  readonly response: HTTPResponse;
  readonly scopes: readonly string[];
  readonly said: string | undefined;
  readonly isFirstTry: boolean;
}

/**
 * Says to one registry who one is, the way it once asked for; before it asked, nothing. Knows the credentials of that
 * very host and of no other.
 */
export class Authentication {
  readonly #trust: Trust;
  readonly #client: HTTPClient;
  readonly #settings: DockerSettings;
  readonly #tokens = new TokenCache();
  /** What the registry wanted beyond what was asked for, by that. */
  readonly #furtherScopes = new Map<string, readonly string[]>();
  #challenge: Challenge | undefined;
  #registry: URL | undefined;

  constructor(trust: Trust, client: HTTPClient, settings: DockerSettings) {
    this.#trust = trust;
    this.#client = client;
    this.#settings = settings;
  }

  /** The `Authorization` to send, or undefined. @throws ImageError `denied`, `unavailable` from a token server */
  async authorizationFor(
    scopes: readonly string[],
    options: OperationOptions,
  ): Promise<string | undefined> {
    const [challenge, registry] = [this.#challenge, this.#registry];
    if (challenge === undefined || registry === undefined) return undefined;
    if (challenge.scheme === "basic") return this.#basic();
    if (this.#settings.registryToken !== undefined) return `Bearer ${this.#settings.registryToken}`;
    const wanted = this.#wanted(scopes);
    const fetch = async (): Promise<Token> => {
      const credentials = await this.#credentials();
      const wish = { registry, trust: this.#trust, challenge, scopes: wanted, credentials };
      return fetchToken(this.#client, wish, options);
    };
    return `Bearer ${await this.#tokens.get(wanted.join(" "), fetch, options.signal)}`;
  }

  /**
   * What to say instead; undefined where there is nothing better. After the first try that is only a token for more:
   * another one for the same would be refused as well.
   */
  async betterAuthorization(
    refused: Refused,
    options: OperationOptions,
  ): Promise<string | undefined> {
    const { response, scopes, said, isFirstTry } = refused;
    const challenge = this.#chosen(parseChallenges(headerOf(response, "www-authenticate") ?? ""));
    if (challenge === undefined) return undefined;
    this.#challenge = challenge;
    this.#registry = new URL(response.url.origin);
    if (said?.startsWith("Bearer ")) {
      await this.#tokens.forget(this.#wanted(scopes).join(" "), said.slice("Bearer ".length));
    }
    const wantsMore = said !== undefined && this.#learnScopes(challenge, scopes);
    if (!isFirstTry && !wantsMore) return undefined;
    const better = await this.authorizationFor(scopes, options);
    return better === said ? undefined : better;
  }

  #chosen(challenges: readonly Challenge[]): Challenge | undefined {
    const usable = this.#settings.registryToken === undefined ? ["basic", "bearer"] : ["bearer"];
    return challenges.find(({ scheme }) => usable.includes(scheme));
  }

  #wanted(scopes: readonly string[]): readonly string[] {
    return [...scopes, ...(this.#furtherScopes.get(scopes.join(" ")) ?? [])];
  }

  /** True where the challenge names any that were not asked for yet. */
  #learnScopes({ parameters }: Challenge, scopes: readonly string[]): boolean {
    const known = this.#wanted(scopes);
    const named = parameters.get("scope")?.split(" ") ?? [];
    const further = named.filter((scope) => isScope(scope) && !known.includes(scope));
    const before = this.#furtherScopes.get(scopes.join(" ")) ?? [];
    this.#furtherScopes.set(scopes.join(" "), [...before, ...further]);
    return further.length > 0;
  }

  async #basic(): Promise<string | undefined> {
    const credentials = await this.#credentials();
    if (credentials === undefined || "identityToken" in credentials) return undefined;
    return basicOf(credentials);
  }

  async #credentials(): Promise<DockerAuthConfig | undefined> {
    const { credentials } = this.#settings;
    return typeof credentials === "function" ? credentials(this.#trust.host) : credentials;
  }
}

/** `repository:library/alpine:pull` */
function isScope(text: string): boolean {
  return /^[^\s:]+:\S+:[^\s:]+$/.test(text);
}
