import { isImageError } from "@drayage/core";

import { Authentication } from "../authentication/authentication.ts";
import type { AuthorizedRequest } from "../authentication/authentication.ts";
import { KnownCredentials } from "../authentication/known-credentials.ts";
import type { DockerSettings } from "../docker-settings.ts";
import { readCertificates } from "../http/certificate-folder.ts";
import type { Certificates } from "../http/certificate-folder.ts";
import { isFromTLS, isUnanswered } from "../http/connection-error.ts";
import type { HTTPClient } from "../http/http-client.ts";
import { inMemory, isStream, startOfText } from "../http/http-exchange.ts";
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
  /** A path and query from `/v2/` on, or a URL that the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Where images are. */
export interface RegistryPlace {
  /** With its port, as references name it: `docker.io`. */
  readonly host: string;
  /**
   * Whether it need neither prove who it is nor encrypt; undefined where nobody says: then a registry on this machine need
   * not encrypt. The setting of `docker()` goes before.
   */
  readonly insecure?: boolean | undefined;
  /**
   * Whether references name another host than this: a mirror on another host, or where registries.conf leads.
   * Credentials and tokens of the settings that are for no host in particular are not for it.
   */
  readonly isStandIn?: boolean | undefined;
  /** Who keeps credentials, as `findCredentials` takes it. */
  readonly credentialHelpers?: readonly string[] | undefined;
}

const tries = 3;

/**
 * One registry, by the domain in its references. Whether it speaks https shows with the first request, what it wants to
 * know of us with its first refusal: nothing is asked for that alone.
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
  #wasAskedForChallenge = false;
  #deciding: Promise<unknown> | undefined;

  constructor(
    { host, insecure, isStandIn = false, credentialHelpers }: RegistryPlace,
    client: HTTPClient,
    settings: DockerSettings,
  ) {
    const answersAt = registryHostOf(host);
    const isInsecure = settings.insecure ?? insecure;
    let certificates: Promise<Certificates> | undefined;
    this.client = client;
    this.wording = wordingOf(settings.wording);
    this.trust = {
      host,
      hostname: new URL(`https://${answersAt}`).hostname,
      authority: answersAt,
      insecure: isInsecure === true,
      certificates: () => (certificates ??= readCertificates(host, settings)),
    };
    this.parallelRanges = new ParallelRanges(settings.parallelRanges);
    this.uploadLimits = new UploadLimits(settings.chunkSize);
    this.#origins = originsOf(answersAt, isInsecure);
    const known = new KnownCredentials({ host, isStandIn, credentialHelpers }, settings);
    this.#authentication = new Authentication(this.trust, client, known, this.wording);
  }

  /** Scheme, host and port: found as soon as there was one answer, until then the first to be tried. */
  get origin(): string {
    return this.#origin ?? this.#origins[0] ?? "";
  }

  /** The answer, whatever its status. @throws ImageError `unavailable`, `unsupported`; `denied` by a token server */
  async request(request: RegistryRequest): Promise<HTTPResponse> {
    const { target, body } = request;
    if (target instanceof URL && target.origin !== this.origin) return this.#exchange(request);
    let said = await this.#authentication.authorizationFor(request);
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#exchange(request, said);
      if (answer.url.origin !== this.origin) return answer;
      const response = { ...answer, access: this.#authentication.accessFor(request.repository) };
      if (attempt === tries || isStream(body)) return response;
      const challenge = response.status === 403 ? await this.#challengeOf(request) : response;
      if (challenge?.status !== 401) return response;
      // While it was repeated, a token may have become too old.
      const isFirstTry = attempt === 1 || response.isRepeated === true;
      const refused = { response: challenge, said, isFirstTry };
      const better = await this.#authentication.betterAuthorization(request, refused);
      if (better === undefined) return response;
      await response.discard();
      said = better;
    }
  }

  /**
   * What a registry answers at its root that forbids something without a challenge: some send the challenge only there.
   * Asked once; undefined where it sent one before.
   */
  async #challengeOf({
    signal,
    retries,
    onNotice,
  }: RegistryRequest): Promise<HTTPResponse | undefined> {
    if (this.#authentication.isChallenged || this.#wasAskedForChallenge) return undefined;
    this.#wasAskedForChallenge = true;
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
    return this.client.patiently(at(this.origin), async () => this.#send(at));
  }

  /** While one request finds out where the registry is, others wait. */
  async #send(at: (origin: string) => HTTPRequest): Promise<HTTPResponse> {
    while (this.#origin === undefined && this.#deciding !== undefined) {
      await this.#deciding.catch(() => {});
    }
    if (this.#origin !== undefined) return this.client.send(at(this.#origin));
    const first = this.#sendFirst(at);
    this.#deciding = first;
    try {
      return await first;
    } finally {
      this.#deciding = undefined;
    }
  }

  async #sendFirst(at: (origin: string) => HTTPRequest): Promise<HTTPResponse> {
    let failure: unknown;
    let unclear: HTTPResponse | undefined;
    for (const origin of this.#origins) {
      const request = at(origin);
      try {
        const response = await unlessWrongScheme(await this.client.send(request));
        if (response === undefined) continue;
        if (saysNothing(request, response)) {
          unclear = response;
          continue;
        }
        this.#origin = origin;
        return response;
      } catch (error) {
        if (!isImageError(error, "unavailable") || isUnanswered(error)) throw error;
        if (failure === undefined || isFromTLS(error)) failure = error;
      }
    }
    if (unclear !== undefined) return unclear;
    throw failure;
  }
}

/** To HEAD no words come with a 400 that may be for the scheme or for the request: what is asked next will tell. */
function saysNothing({ method }: HTTPRequest, { status, url }: HTTPResponse): boolean {
  return method === "HEAD" && status === 400 && url.protocol === "http:";
}

/** Servers answer plain http on a port for https with 400 and words like these. */
const wrongScheme = /HTTP request .{0,100}HTTPS (?:server|port)/i;

async function unlessWrongScheme(response: HTTPResponse): Promise<HTTPResponse | undefined> {
  if (response.status !== 400 || response.url.protocol !== "http:") return response;
  const text = await startOfText(response);
  return wrongScheme.test(text) ? undefined : inMemory(response, text);
}
