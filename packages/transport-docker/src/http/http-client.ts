import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { DockerSettings } from "../docker-settings.ts";
import { isUntrusted } from "./connection-error.ts";
import { Connections } from "./connections.ts";
import { Host } from "./host.ts";
import { isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";
import { NamedHosts } from "./named-host.ts";
import { noticesIn } from "./notices.ts";
import { proxiesOf } from "./proxies.ts";
import { followRedirects } from "./redirects.ts";
import type { RedirectRule } from "./redirects.ts";
import { withRetries } from "./retries.ts";
import { isOwnHost } from "./trust.ts";
import type { Trust } from "./trust.ts";
import { wordingOf } from "./wording.ts";
import type { Wording } from "./wording.ts";

const defaultIdleTimeout = 60_000;
const defaultParallelRequests = 64;

/** Plain requests to any host, with nobody's credentials: what registries and token servers are asked through. */
export class HTTPClient {
  readonly #isLax: boolean;
  readonly #connections: Connections;
  readonly #userAgent: string;
  readonly #wording: Wording;
  readonly #parallelRequests: number;
  readonly #hosts = new Map<string, Host>();
  /** Registries repeat their warnings with every answer. */
  readonly #warnings = new Set<string>();

  constructor(settings: DockerSettings) {
    const { insecure = false, idleTimeout = defaultIdleTimeout, minTLSVersion } = settings;
    this.#isLax = insecure;
    this.#wording = wordingOf(settings.wording);
    this.#connections = new Connections({
      wording: this.#wording,
      insecure,
      idleTimeout,
      minTLSVersion,
      findProxy: proxiesOf(settings),
      lookup: settings.lookup,
      namedHosts: new NamedHosts(settings),
    });
    this.#parallelRequests = settings.parallelRequests ?? defaultParallelRequests;
    this.#userAgent = settings.userAgent ?? "drayage";
  }

  /** To be held by whoever sends, until disposed of. */
  use(): AsyncDisposable {
    return this.#connections.use();
  }

  /** One request and what it leads to; nothing is repeated. @throws ImageError `unavailable`, `unsupported` */
  async send(request: HTTPRequest, rule?: RedirectRule): Promise<HTTPResponse> {
    const headers = {
      "user-agent": this.#userAgent,
      "accept-encoding": "identity",
      ...request.headers,
    };
    return followRedirects(
      { ...request, headers },
      async (one) => this.#sendInTurn(one),
      rule ?? ((from, to) => this.refuseDowngrade(from, to, request.trust)),
    );
  }

  /** The same, repeated where that is safe and may help. @throws ImageError `unavailable`, `unsupported` */
  async sendPatiently(request: HTTPRequest, rule?: RedirectRule): Promise<HTTPResponse> {
    return this.patiently(request, async (one) => this.send(one, rule));
  }

  /** Sends, in the way that is given, as often as it is safe and may help. */
  async patiently(request: HTTPRequest, send: Send): Promise<HTTPResponse> {
    return withRetries(request, send, (url) => this.#hostOf(url));
  }

  /** @throws ImageError `unsupported` where what was encrypted would go on in the clear */
  refuseDowngrade(from: URL, to: URL, trust?: Trust): void {
    if (from.protocol !== "https:" || to.protocol === "https:") return;
    if (this.isInsecure(to, trust)) return;
    throw new ImageError(
      "unsupported",
      `${from.host} leads from https to plain http at ${to.host}; to allow that, ${this.#wording.insecure}`,
    );
  }

  /** Whether a host need neither prove who it is nor encrypt. */
  isInsecure(url: URL, trust: Trust | undefined): boolean {
    return this.#isLax || (trust?.insecure === true && isOwnHost(trust, url));
  }

  async #sendInTurn(request: HTTPRequest): Promise<HTTPResponse> {
    const host = this.#hostOf(request.url);
    const response = await host.send(request, async (one) => this.#sendTrusting(one));
    this.#report(response, request);
    return { ...response, reference: request.reference };
  }

  /** The system's roots take a while to read, and are only asked where Node's do not know an authority. */
  async #sendTrusting(request: HTTPRequest): Promise<HTTPResponse> {
    const { agents } = this.#connections;
    const knewAllRoots = agents.withSystemRoots;
    try {
      return await this.#connections.send(request);
    } catch (error) {
      if (knewAllRoots || isStream(request.body) || !isUntrusted(error)) throw error;
      agents.addSystemRoots();
      return this.#connections.send(request);
    }
  }

  #hostOf({ host }: URL): Host {
    const known = this.#hosts.get(host) ?? new Host(this.#parallelRequests);
    this.#hosts.set(host, known);
    return known;
  }

  #report(response: HTTPResponse, { onNotice }: OperationOptions): void {
    if (onNotice === undefined) return;
    for (const notice of noticesIn(response)) {
      if (notice.kind === "warning") {
        const warning = `${notice.host} ${notice.text}`;
        if (this.#warnings.has(warning)) continue;
        this.#warnings.add(warning);
      }
      onNotice(notice);
    }
  }
}
