import { isImageError } from "@drayage/core";

import { Authentication } from "../authentication/authentication.ts";
import type { AuthorizedRequest } from "../authentication/authentication.ts";
import { CredentialCache } from "../authentication/credential-cache.ts";
import type { DockerSettings } from "../docker-settings.ts";
import { readCertificates } from "../http/certificate-folder.ts";
import type { Certificates } from "../http/certificate-folder.ts";
import { isFromTLS, isUnanswered } from "../http/connection-error.ts";
import type { HTTPClient } from "../http/http-client.ts";
import { withBody, isStream, readTextStart } from "../http/http-exchange.ts";
import type { HTTPRequest, HTTPResponse } from "../http/http-exchange.ts";
import { namerOf } from "../http/named-host.ts";
import type { Trust } from "../http/trust.ts";
import { wordingOf } from "../http/wording.ts";
import type { Wording } from "../http/wording.ts";
import { HeadSupport } from "./head-support.ts";
import { ParallelRanges } from "./parallel-ranges.ts";
import { originsOf, registryHostOf } from "./registry-host.ts";
import { UploadLimits } from "./upload-limits.ts";

export interface RegistryRequest
  extends Omit<HTTPRequest, "url" | "headers" | "body">, AuthorizedRequest {
  /** A path with a query, such as `/v2/`, or a URL that the registry returned. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A registry host and its configuration. */
export interface RegistryLocation {
  /** The domain in references, with its port: `docker.io`. */
  readonly host: string;
  /**
   * Whether untrusted certificates and plain http are allowed. undefined allows plain http for a registry on this
   * machine. The setting of `docker()` takes precedence.
   */
  readonly insecure?: boolean | undefined;
  /**
   * Whether references name another host: for a mirror, or a location of registries.conf. Such a host does not get the
   * credentials and tokens of the settings, unless they are looked up by host.
   */
  readonly isAlternateHost?: boolean | undefined;
  /** As in `CredentialSettings`. */
  readonly credentialHelpers?: readonly string[] | undefined;
}

const maxAttempts = 3;

/**
 * One registry. The first requests show whether it uses https, and its first error response whether it requires
 * credentials, so neither needs a request of its own.
 */
export class Registry {
  readonly client: HTTPClient;
  readonly trust: Trust;
  readonly parallelRanges: ParallelRanges;
  readonly uploadLimits: UploadLimits;
  readonly headSupport: Readonly<Record<"manifests" | "blobs", HeadSupport>> = {
    manifests: new HeadSupport(),
    blobs: new HeadSupport(),
  };
  readonly wording: Wording;
  readonly #origins: readonly string[];
  readonly #authentication: Authentication;
  #origin: string | undefined;
  #hasRequestedChallenge = false;
  /** The request that is finding the origin. */
  #findingOrigin: Promise<unknown> | undefined;

  constructor(
    { host, insecure, isAlternateHost = false, credentialHelpers }: RegistryLocation,
    client: HTTPClient,
    settings: DockerSettings,
  ) {
    const authority = registryHostOf(host);
    const isInsecure = settings.insecure ?? insecure;
    let certificates: Promise<Certificates> | undefined;
    this.client = client;
    this.wording = wordingOf(settings.wording);
    this.trust = {
      host,
      hostname: new URL(`https://${authority}`).hostname,
      authority,
      insecure: isInsecure === true,
      certificates: () => (certificates ??= readCertificates(host, settings)),
    };
    this.parallelRanges = new ParallelRanges(settings.parallelRanges);
    this.uploadLimits = new UploadLimits(settings.chunkSize);
    this.#origins = originsOf(authority, isInsecure);
    const credentials = new CredentialCache({ host, isAlternateHost, credentialHelpers }, settings);
    this.#authentication = new Authentication(this.trust, client, credentials, this.wording);
  }

  /** Scheme, host and port. Before the first response, the origin of the first attempt. */
  get origin(): string {
    return this.#origin ?? this.#origins[0] ?? "";
  }

  /** Returns a response of any status. @throws ImageError `unavailable`, `unsupported`; `denied` of a token server */
  async request(request: RegistryRequest): Promise<HTTPResponse> {
    const { target, body } = request;
    if (target instanceof URL && target.origin !== this.origin) return this.#exchange(request);
    let authorization = await this.#authentication.authorizationFor(request);
    for (let attempt = 1; ; attempt++) {
      const received = await this.#exchange(request, authorization);
      if (received.url.origin !== this.origin) return received;
      const response = { ...received, access: this.#authentication.accessFor(request.repository) };
      if (attempt === maxAttempts || isStream(body)) return response;
      const challenge = response.status === 403 ? await this.#challengeOf(request) : response;
      if (challenge?.status !== 401) return response;
      // The token may have expired during retries.
      const isFirstAttempt = attempt === 1 || response.isRepeated === true;
      const unauthorized = { response: challenge, authorization, isFirstAttempt };
      const next = await this.#authentication.authorizationAfter(request, unauthorized);
      if (next === undefined) return response;
      await response.discard();
      authorization = next;
    }
  }

  /**
   * The response to `/v2/` after a 403 without a challenge, because some registries send the challenge only there. Sent
   * once; undefined if the registry has sent a challenge.
   */
  async #challengeOf({
    signal,
    retries,
    onNotice,
  }: RegistryRequest): Promise<HTTPResponse | undefined> {
    if (this.#authentication.isChallenged || this.#hasRequestedChallenge) return undefined;
    this.#hasRequestedChallenge = true;
    const root = { method: "GET", target: "/v2/", scopes: [], signal, retries, onNotice } as const;
    const response = await this.#exchange(root);
    await response.discard();
    return response.url.origin === this.origin ? response : undefined;
  }

  async #exchange(request: RegistryRequest, authorization?: string): Promise<HTTPResponse> {
    const { target, scopes: _, repository: __, headers, namedBy, ...rest } = request;
    const namer = namedBy ?? new URL(this.origin);
    const at = (origin: string): HTTPRequest => ({
      ...rest,
      url: typeof target === "string" ? new URL(target, origin) : target,
      ...(target instanceof URL && { namedBy: namerOf(namer, target, this.trust) }),
      headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      trust: this.trust,
    });
    return this.client.runWithRetries(at(this.origin), async () => this.#send(at));
  }

  /** Other requests wait while one request finds the origin. */
  async #send(at: (origin: string) => HTTPRequest): Promise<HTTPResponse> {
    while (this.#origin === undefined && this.#findingOrigin !== undefined) {
      await this.#findingOrigin.catch(() => {});
    }
    if (this.#origin !== undefined) return this.client.send(at(this.#origin));
    const first = this.#sendFirst(at);
    this.#findingOrigin = first;
    try {
      return await first;
    } finally {
      this.#findingOrigin = undefined;
    }
  }

  async #sendFirst(at: (origin: string) => HTTPRequest): Promise<HTTPResponse> {
    let failure: unknown;
    let ambiguous: HTTPResponse | undefined;
    for (const origin of this.#origins) {
      const request = at(origin);
      try {
        const response = await unlessWrongScheme(await this.client.send(request));
        if (response === undefined) continue;
        if (isAmbiguous(request, response)) {
          ambiguous = response;
          continue;
        }
        this.#origin = origin;
        return response;
      } catch (error) {
        if (!isImageError(error, "unavailable") || isUnanswered(error)) throw error;
        if (failure === undefined || isFromTLS(error)) failure = error;
      }
    }
    if (ambiguous !== undefined) return ambiguous;
    throw failure;
  }
}

/** A 400 for HEAD has no body, so its cause may be the scheme or the request. The next request shows the scheme. */
function isAmbiguous({ method }: HTTPRequest, { status, url }: HTTPResponse): boolean {
  return method === "HEAD" && status === 400 && url.protocol === "http:";
}

/** The text of a 400 response to plain http on an https port. */
const wrongScheme = /HTTP request .{0,100}HTTPS (?:server|port)/i;

async function unlessWrongScheme(response: HTTPResponse): Promise<HTTPResponse | undefined> {
  if (response.status !== 400 || response.url.protocol !== "http:") return response;
  const text = await readTextStart(response);
  return wrongScheme.test(text) ? undefined : withBody(response, text);
}
