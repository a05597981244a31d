import type { IncomingMessage, ServerResponse } from "node:http";

import type { Answer } from "@drayage/registry/http";

import { ConnectionLimits } from "./connection-limits.ts";
import { faultEffects, uploadUnknown } from "./fault-effects.ts";
import type { FaultEffects, PassingAnswer } from "./fault-effects.ts";
import type { FaultProxySettings } from "./fault-proxy-settings.ts";
import { faultSelector } from "./fault-selector.ts";
import type { FaultSelector } from "./fault-selector.ts";
import type { Fault } from "./fault.ts";
import { forward } from "./forwarding.ts";
import type { OtherOrigin } from "./other-origin.ts";
import { noTransfer } from "./proxied-request.ts";
import type { ProxiedRequest } from "./proxied-request.ts";
import { SeenRequests } from "./seen-request.ts";
import type { SeenRequest } from "./seen-request.ts";

/** Selects and applies the fault of each request. */
export class FaultInjector {
  readonly requests: ProxiedRequest[] = [];
  readonly #target: URL;
  readonly #origin: string;
  readonly #otherOrigin: OtherOrigin;
  readonly #choose: FaultSelector;
  readonly #room: ConnectionLimits;
  readonly #seen = new SeenRequests();
  readonly #lostUploads = new Set<string>();

  /** `origin` is the origin of the proxy. */
  constructor(settings: FaultProxySettings, origin: string, external: OtherOrigin) {
    this.#target = new URL(settings.target);
    this.#origin = origin;
    this.#otherOrigin = external;
    this.#choose = faultSelector(settings.faults ?? []);
    this.#room = new ConnectionLimits(settings.cutEvery ?? Infinity);
  }

  async forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = this.#seen.see(incoming);
    const fault = this.#choose(seen);
    const request = { ...seen, fault, ...noTransfer() };
    this.requests.push(request);
    const { url = "/", headers, socket } = incoming;
    await forward({
      incoming,
      response,
      url: new URL(url, this.#target),
      headers,
      effects: this.#effects(incoming, seen, fault),
      room: this.#room.of(socket),
      passed: request,
      translated: (_, value) => value.replaceAll(this.#target.origin, this.#origin),
    });
  }

  #effects(
    { url = "/", headers }: IncomingMessage,
    seen: SeenRequest,
    fault: Fault | undefined,
  ): FaultEffects {
    if (fault?.kind === "lost-upload") this.#lostUploads.add(seen.path);
    if (this.#lostUploads.has(seen.path)) return { instead: uploadUnknown };
    const here = new URL(url, this.#origin);
    const external = (address: string): string =>
      this.#otherOrigin.addressOf(address, headers.authorization);
    const effects = fault === undefined ? {} : faultEffects(fault, { url: here, external });
    const answer = (answered: PassingAnswer): Answer => {
      if (answered.status !== 401) this.#seen.accepted(headers.authorization);
      this.#noteUpload(answered, here, seen);
      return effects.answer?.(answered) ?? answered;
    };
    return { ...effects, answer };
  }

  #noteUpload(
    { status, headers: { location } }: PassingAnswer,
    here: URL,
    seen: SeenRequest,
  ): void {
    if (status !== 202 || location === undefined) return;
    this.#seen.goesOn(new URL(location, here).pathname, seen);
  }
}
