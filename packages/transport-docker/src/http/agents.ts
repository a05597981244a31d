import type { LookupFunction } from "node:net";
import type { SecureVersion } from "node:tls";

import { guardedLookup, strictestClassOf, untilAborted } from "@drayage/transport-kit/wire";
import type { FindProxy, AllowedClasses } from "@drayage/transport-kit/wire";
import type { Agent as AgentType, Dispatcher } from "undici";

import type { Certificates } from "./certificate-folder.ts";
import { connectorWith } from "./connector.ts";
import type { HTTPRequest } from "./http-exchange.ts";
import type { NamedHosts } from "./named-host.ts";
import { OpenSockets } from "./open-sockets.ts";
import { ReceiveBuffers } from "./receive-buffers.ts";
import { secureContextOf } from "./secure-context.ts";
import { isOwnHost } from "./trust.ts";
import type { Wording } from "./wording.ts";

export interface AgentSettings {
  /** Whether untrusted certificates are accepted from all hosts. */
  readonly insecure: boolean;
  /** In milliseconds. */
  readonly idleTimeout: number;
  readonly minTLSVersion: SecureVersion | undefined;
  readonly findProxy: FindProxy;
  readonly lookup?: LookupFunction | undefined;
  readonly namedHosts: NamedHosts;
  readonly wording: Wording;
}

/** The settings of an agent. Hosts with the same settings share one. */
interface AgentKey {
  readonly proxy: string | undefined;
  readonly insecure: boolean;
  readonly withSystemRoots: boolean;
  /** The registry whose certificates apply; undefined for none. */
  readonly certificatesOf: string | undefined;
  readonly withIdentities: boolean;
  /** The allowed addresses; undefined for all. */
  readonly allowedClasses: AllowedClasses | undefined;
}

const maxConnectTimeout = 30_000;
const noCertificates: Certificates = { authorities: [], identities: [] };

/** The agents of one `docker()`. An agent holds the connections to all hosts with the same settings. */
export class Agents {
  readonly buffers: ReceiveBuffers = new ReceiveBuffers();
  readonly #settings: AgentSettings;
  readonly #agents = new Map<string, Promise<Dispatcher>>();
  readonly #sockets = new OpenSockets();
  #withSystemRoots = false;

  constructor(settings: AgentSettings) {
    this.#settings = settings;
  }

  /** Whether the root certificates of the system are trusted in addition to those of Node. */
  get withSystemRoots(): boolean {
    return this.#withSystemRoots;
  }

  addSystemRoots(): void {
    this.#withSystemRoots = true;
  }

  /**
   * Returns the agent for a request.
   * @throws ImageError `unsupported` for an invalid proxy or certificates; `untrusted` for a host that its server may not
   * name
   */
  async agentFor(request: HTTPRequest): Promise<Dispatcher> {
    const { url, trust } = request;
    const allowedClasses = this.#settings.namedHosts.allowedClassesFor(request);
    const isEncrypted = url.protocol === "https:";
    const certificates =
      isEncrypted && trust !== undefined
        ? await untilAborted(trust.certificates(), request.signal)
        : noCertificates;
    const { authorities, identities } = certificates;
    const isOwn = trust !== undefined && isOwnHost(trust, url);
    const settings: AgentKey = {
      proxy: this.#settings.findProxy(url)?.href,
      insecure: this.#settings.insecure || (isOwn && trust.insecure),
      withSystemRoots: this.#withSystemRoots,
      certificatesOf: authorities.length + identities.length > 0 ? trust?.host : undefined,
      withIdentities: isOwn && identities.length > 0,
      allowedClasses,
    };
    const key = JSON.stringify(settings);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = openAgent(settings, certificates, this.#settings, this.buffers, this.#sockets);
    this.#agents.set(key, agent);
    agent.catch(() => this.#agents.delete(key));
    return agent;
  }

  async destroy(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    const destroyed = agents.map(async (agent) => (await agent).destroy());
    this.#sockets.destroy();
    await Promise.all(destroyed);
  }
}

/** Loads undici on the first use, because that takes longer than the start of Node. Bun replaces the specifier `undici`. */
async function openAgent(
  { proxy, insecure, withSystemRoots, withIdentities, allowedClasses }: AgentKey,
  { authorities, identities }: Certificates,
  { idleTimeout, minTLSVersion, lookup, namedHosts }: AgentSettings,
  buffers: ReceiveBuffers,
  sockets: OpenSockets,
): Promise<Dispatcher> {
  const { Agent, ProxyAgent, buildConnector } = await import("undici/index.js");
  const timeout = Math.min(idleTimeout, maxConnectTimeout);
  const tls = { withSystemRoots, minTLSVersion };
  const secureContext = secureContextOf({
    ...tls,
    authorities,
    identities: withIdentities ? identities : [],
  });
  const connect = {
    rejectUnauthorized: !insecure,
    timeout,
    ...(secureContext !== undefined && { secureContext }),
  };
  const options = { allowH2: false, pipelining: 1 };
  if (proxy === undefined) {
    const guarded = guardedLookup({
      allowedClasses,
      lookup,
      onResolved: (hostname, classes) => namedHosts.resolved(hostname, strictestClassOf(classes)),
    });
    const direct = { ...options, ...connect, lookup: guarded };
    const connector = connectorWith(buildConnector, direct, buffers);
    return new Agent({ ...options, connect: sockets.tracked(connector) });
  }
  const proxyContext = secureContextOf({ ...tls, ...noCertificates });
  return new ProxyAgent({
    ...options,
    uri: proxy,
    requestTls: connect,
    proxyTls: { timeout, ...(proxyContext !== undefined && { secureContext: proxyContext }) },
    clientFactory: (_, given) => {
      const { connect: toProxy, ...rest } = given as AgentType.Options;
      return new Agent({
        ...rest,
        headersTimeout: idleTimeout,
        ...(typeof toProxy === "function" && { connect: sockets.tracked(toProxy) }),
      });
    },
  });
}
