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
import type { CredentialCache } from "./credential-cache.ts";
import { TokenCache } from "./token-cache.ts";
import type { Token } from "./token-cache.ts";
import { basicOf, fetchToken } from "./token-request.ts";

/** The parts of a request that its authorization depends on. */
export interface AuthorizedRequest extends OperationOptions {
  /** The required scopes, such as `repository:library/alpine:pull`. */
  readonly scopes: readonly string[];
  /** `library/alpine`; undefined for a request to the registry itself. */
  readonly repository?: string | undefined;
  readonly body?: HTTPRequest["body"];
}

/** A 401 response of the registry, and the authorization that the request had. */
export interface UnauthorizedResponse {
  readonly response: HTTPResponse;
  readonly authorization: string | undefined;
  readonly isFirstAttempt: boolean;
}

/**
 * Authorizes the requests to one registry by its last challenge. Sends no credentials before the first challenge. Uses
 * only the credentials of this host.
 */
export class Authentication {
  readonly #trust: Trust;
  readonly #client: HTTPClient;
  readonly #credentials: CredentialCache;
  readonly #tokens = new TokenCache();
  /** Scopes of challenges that were not in the request, by the scopes of the request. */
  readonly #furtherScopes = new Map<string, readonly string[]>();
  /** Whether the last authorization used credentials, by repository. */
  readonly #identified = new Map<string | undefined, boolean>();
  readonly #wording: Wording;
  #challenges: readonly Challenge[] = [];
  #registry: URL | undefined;

  constructor(trust: Trust, client: HTTPClient, credentials: CredentialCache, wording: Wording) {
    this.#wording = wording;
    this.#trust = trust;
    this.#client = client;
    this.#credentials = credentials;
  }

  /** Whether the registry has sent a challenge. */
  get isChallenged(): boolean {
    return this.#registry !== undefined;
  }

  /** How requests for a repository are authorized, for error messages. */
  accessFor(repository: string | undefined): Access {
    const isAnonymous = this.#identified.get(repository) !== true;
    return { isAnonymous, login: this.#wording.login(this.#trust.host) };
  }

  /** The `Authorization` header; undefined before a challenge. @throws ImageError `denied`, `unavailable` of a token server */
  async authorizationFor(request: AuthorizedRequest): Promise<string | undefined> {
    const { repository, scopes, body, signal, onNotice } = request;
    const registry = this.#registry;
    if (registry === undefined) return undefined;
    const credentials = await this.#credentials.get(repository, { signal, onNotice });
    const challenge = supportedChallenge(this.#challenges, credentials);
    if (challenge === undefined) return undefined;
    this.#identified.set(repository, credentials !== undefined);
    if (credentials !== undefined && "registryToken" in credentials) {
      return `Bearer ${credentials.registryToken}`;
    }
    if (credentials !== undefined && "username" in credentials && challenge.scheme === "basic") {
      return basicOf(credentials);
    }
    const wanted = { registry, trust: this.#trust, challenge, scopes: this.#allScopes(scopes) };
    const access = this.accessFor(repository);
    const fetch = async (): Promise<Token> =>
      this.#fetchToken({ ...wanted, credentials, access }, request);
    const use = { isForStream: isStream(body), signal };
    return `Bearer ${await this.#tokens.get(this.#keyOf(challenge, scopes), fetch, use)}`;
  }

  /**
   * The authorization for another attempt; undefined if there is none. After the first attempt, only a token with more
   * scopes is worth another one.
   */
  async authorizationAfter(
    request: AuthorizedRequest,
    unauthorized: UnauthorizedResponse,
  ): Promise<string | undefined> {
    const next = await this.#nextAuthorization(request, unauthorized);
    if (next === undefined) this.#credentials.forget(request.repository);
    return next;
  }

  async #nextAuthorization(
    request: AuthorizedRequest,
    { response, authorization, isFirstAttempt }: UnauthorizedResponse,
  ): Promise<string | undefined> {
    const { repository, scopes } = request;
    const challenges = parseChallenges(headerOf(response, "www-authenticate") ?? "");
    const challenge = supportedChallenge(
      challenges,
      await this.#credentials.get(repository, request),
    );
    if (challenge === undefined) return undefined;
    this.#challenges = challenges;
    this.#registry = new URL(response.url.origin);
    if (authorization?.startsWith("Bearer ")) {
      const token = authorization.slice("Bearer ".length);
      await this.#tokens.forget(this.#keyOf(challenge, scopes), token);
    }
    const needsMore = authorization !== undefined && this.#addScopes(challenge, scopes);
    if (!isFirstAttempt && !needsMore) return undefined;
    const next = await this.authorizationFor(request);
    return next === authorization ? undefined : next;
  }

  async #fetchToken(
    wanted: Parameters<typeof fetchToken>[1],
    request: AuthorizedRequest,
  ): Promise<Token> {
    const { credentials } = wanted;
    try {
      const token = await fetchToken(this.#client, wanted, request);
      if (credentials !== undefined && "identityToken" in credentials && token.identityToken) {
        this.#credentials.renew(credentials.identityToken, token.identityToken);
      }
      return token;
    } catch (error) {
      if (isImageError(error, "denied")) this.#credentials.forget(request.repository);
      throw error;
    }
  }

  #allScopes(scopes: readonly string[]): readonly string[] {
    return [...scopes, ...(this.#furtherScopes.get(scopes.join(" ")) ?? [])];
  }

  #keyOf({ parameters }: Challenge, scopes: readonly string[]): string {
    const [realm, service] = [parameters.get("realm"), parameters.get("service")];
    return [realm, service, ...this.#allScopes(scopes)].join(" ");
  }

  /** Adds the scopes of a challenge. Returns true if some are new. */
  #addScopes({ parameters }: Challenge, scopes: readonly string[]): boolean {
    const known = this.#allScopes(scopes);
    const named = parameters.get("scope")?.split(" ") ?? [];
    const further = named.filter((scope) => isScope(scope) && !known.includes(scope));
    const before = this.#furtherScopes.get(scopes.join(" ")) ?? [];
    this.#furtherScopes.set(scopes.join(" "), [...before, ...further]);
    return further.length > 0;
  }
}

/** The first challenge that the credentials can answer. Only a password can answer a `basic` challenge. */
function supportedChallenge(
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
