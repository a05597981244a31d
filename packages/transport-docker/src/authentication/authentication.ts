import { isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { DockerAuthConfig } from "../docker-settings.ts";
import { parseChallenges } from "../http/challenge.ts";
import type { Challenge } from "../http/challenge.ts";
import type { HTTPClient } from "../http/http-client.ts";
import { headerOf, isStream } from "../http/http-exchange.ts";
import type { Access, HTTPRequest, HTTPResponse } from "../http/http-exchange.ts";
import type { Trust } from "../http/trust.ts";
import type { Wording } from "../http/wording.ts";
import type { KnownCredentials } from "./known-credentials.ts";
import { TokenCache } from "./token-cache.ts";
import type { Token } from "./token-cache.ts";
import { basicOf, fetchToken } from "./token-request.ts";

/** A request, as far as it matters who sends it. */
export interface AuthorizedRequest extends OperationOptions {
  /** What it has to be allowed to do, as token servers name it. */
  readonly scopes: readonly string[];
  /** `library/alpine`; undefined where it is about the registry as a whole. */
  readonly repository?: string | undefined;
  readonly body?: HTTPRequest["body"];
}

/** A refused request, and what had been said with it. */
export interface Refused {
  /** A 401 of the registry itself. */
  readonly response: HTTPResponse;
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
  readonly #known: KnownCredentials;
  readonly #tokens = new TokenCache();
  /** What the registry wanted beyond what was asked for, by that. */
  readonly #furtherScopes = new Map<string, readonly string[]>();
  /** By repository: whether the last authorization for it was for credentials. */
  readonly #identified = new Map<string | undefined, boolean>();
  readonly #wording: Wording;
  #challenges: readonly Challenge[] = [];
  #registry: URL | undefined;

  constructor(trust: Trust, client: HTTPClient, known: KnownCredentials, wording: Wording) {
    this.#wording = wording;
    this.#trust = trust;
    this.#client = client;
    this.#known = known;
  }

  /** Whether the registry ever sent a challenge. */
  get isChallenged(): boolean {
    return this.#registry !== undefined;
  }

  /** As whom requests for a repository are sent, for errors. */
  accessFor(repository: string | undefined): Access {
    const isAnonymous = this.#identified.get(repository) !== true;
    return { isAnonymous, login: this.#wording.login(this.#trust.host) };
  }

  /** The `Authorization` to send, or undefined. @throws ImageError `denied`, `unavailable` from a token server */
  async authorizationFor(request: AuthorizedRequest): Promise<string | undefined> {
    const { repository, scopes, body, signal, onNotice } = request;
    const registry = this.#registry;
    if (registry === undefined) return undefined;
    const credentials = await this.#known.get(repository, { signal, onNotice });
    const challenge = chosenOf(this.#challenges, credentials);
    if (challenge === undefined) return undefined;
    this.#identified.set(repository, credentials !== undefined);
    if (credentials !== undefined && "registryToken" in credentials) {
      return `Bearer ${credentials.registryToken}`;
    }
    if (credentials !== undefined && "username" in credentials && challenge.scheme === "basic") {
      return basicOf(credentials);
    }
    const wish = { registry, trust: this.#trust, challenge, scopes: this.#wanted(scopes) };
    const access = this.accessFor(repository);
    const fetch = async (): Promise<Token> =>
      this.#fetchToken({ ...wish, credentials, access }, request);
    const use = { isForStream: isStream(body), signal };
    return `Bearer ${await this.#tokens.get(this.#keyOf(challenge, scopes), fetch, use)}`;
  }

  /**
   * What to say instead; undefined where there is nothing better. After the first try that is only a token for more:
   * another one for the same would be refused as well.
   */
  async betterAuthorization(
    request: AuthorizedRequest,
    refused: Refused,
  ): Promise<string | undefined> {
    const { response, said, isFirstTry } = refused;
    const better = await this.#better(request, response, said, isFirstTry);
    if (better === undefined) this.#known.forget(request.repository);
    return better;
  }

  async #better(
    request: AuthorizedRequest,
    response: HTTPResponse,
    said: string | undefined,
    isFirstTry: boolean,
  ): Promise<string | undefined> {
    const { repository, scopes } = request;
    const challenges = parseChallenges(headerOf(response, "www-authenticate") ?? "");
    const challenge = chosenOf(challenges, await this.#known.get(repository, request));
    if (challenge === undefined) return undefined;
    this.#challenges = challenges;
    this.#registry = new URL(response.url.origin);
    if (said?.startsWith("Bearer ")) {
      await this.#tokens.forget(this.#keyOf(challenge, scopes), said.slice("Bearer ".length));
    }
    const wantsMore = said !== undefined && this.#learnScopes(challenge, scopes);
    if (!isFirstTry && !wantsMore) return undefined;
    const better = await this.authorizationFor(request);
    return better === said ? undefined : better;
  }

  async #fetchToken(
    wish: Parameters<typeof fetchToken>[1],
    request: AuthorizedRequest,
  ): Promise<Token> {
    const { credentials } = wish;
    try {
      const token = await fetchToken(this.#client, wish, request);
      if (credentials !== undefined && "identityToken" in credentials && token.identityToken) {
        this.#known.renew(credentials.identityToken, token.identityToken);
      }
      return token;
    } catch (error) {
      if (isImageError(error, "denied")) this.#known.forget(request.repository);
      throw error;
    }
  }

  #wanted(scopes: readonly string[]): readonly string[] {
    return [...scopes, ...(this.#furtherScopes.get(scopes.join(" ")) ?? [])];
  }

  #keyOf({ parameters }: Challenge, scopes: readonly string[]): string {
    const [realm, service] = [parameters.get("realm"), parameters.get("service")];
    return [realm, service, ...this.#wanted(scopes)].join(" ");
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
}

/** The first that these credentials are an answer to: a password to any, all else, and nobody, to a token's. */
function chosenOf(
  challenges: readonly Challenge[],
  credentials: DockerAuthConfig | undefined,
): Challenge | undefined {
  const hasPassword = credentials !== undefined && "username" in credentials;
  const usable = hasPassword ? ["basic", "bearer"] : ["bearer"];
  return challenges.find(({ scheme }) => usable.includes(scheme));
}

/** `repository:library/alpine:pull` */
function isScope(text: string): boolean {
  return /^[^\s:]+:\S+:[^\s:]+$/.test(text);
}
