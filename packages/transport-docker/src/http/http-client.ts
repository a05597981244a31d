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

/** Sends requests to any host without credentials of its own. Registries and token servers share it. */
export class HTTPClient {
  readonly #insecure: boolean;
  readonly #connections: Connections;
  readonly #userAgent: string;
  readonly #wording: Wording;
  readonly #parallelRequests: number;
  readonly #hosts = new Map<string, Host>();
  /** Reported warnings, because registries repeat them in every response. */
  readonly #warnings = new Set<string>();

  constructor(settings: DockerSettings) {
    const { insecure = false, idleTimeout = defaultIdleTimeout, minTLSVersion } = settings;
    this.#insecure = insecure;
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

  /** Keeps connections open until disposal. Every sender holds one. */
  use(): AsyncDisposable {
    return this.#connections.use();
  }

  /** Sends a request once and follows redirects. @throws ImageError `unavailable`, `unsupported` */
  async send(request: HTTPRequest, rule?: RedirectRule): Promise<HTTPResponse> {
    const headers = {
      "user-agent": this.#userAgent,
      "accept-encoding": "identity",
      ...request.headers,
    };
    return followRedirects(
      { ...request, headers },
      async (each) => this.#sendToHost(each),
      rule ?? ((from, to) => this.rejectDowngrade(from, to, request.trust)),
    );
  }

  /** Sends a request with retries. @throws ImageError `unavailable`, `unsupported` */
  async sendWithRetries(request: HTTPRequest, rule?: RedirectRule): Promise<HTTPResponse> {
    return this.runWithRetries(request, async (each) => this.send(each, rule));
  }

  /** Sends a request with retries through `send`. */
  async runWithRetries(request: HTTPRequest, send: Send): Promise<HTTPResponse> {
    return withRetries(request, send, (url) => this.#hostOf(url));
  }

  /** Rejects a redirect from https to plain http. @throws ImageError `unsupported` */
  rejectDowngrade(from: URL, to: URL, trust?: Trust): void {
    if (from.protocol !== "https:" || to.protocol === "https:") return;
    if (this.isInsecure(to, trust)) return;
    throw new ImageError(
      "unsupported",
      `${from.host} redirects from https to plain http at ${to.host}; to allow that, ${this.#wording.insecure}`,
    );
  }

  /** Whether untrusted certificates and plain http are allowed for a host. */
  isInsecure(url: URL, trust: Trust | undefined): boolean {
    return this.#insecure || (trust?.insecure === true && isOwnHost(trust, url));
  }

  async #sendToHost(request: HTTPRequest): Promise<HTTPResponse> {
    const host = this.#hostOf(request.url);
    const response = await host.send(request, async (each) => this.#sendWithRoots(each));
    this.#report(response, request);
    return { ...response, reference: request.reference };
  }

  /** Reads the root certificates of the system only if those of Node are not enough, because that is slow. */
  async #sendWithRoots(request: HTTPRequest): Promise<HTTPResponse> {
    const { agents } = this.#connections;
    const hadSystemRoots = agents.withSystemRoots;
    try {
      return await this.#connections.send(request);
    } catch (error) {
      if (hadSystemRoots || isStream(request.body) || !isUntrusted(error)) throw error;
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
