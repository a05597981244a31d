import type { IncomingMessage, ServerResponse } from "node:http";

import type { Answer } from "@drayage/registry/http";

import { chosenFaults } from "./chosen-faults.ts";
import type { FaultChoice } from "./chosen-faults.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { FaultProxySettings } from "./fault-proxy-settings.ts";
import type { Fault } from "./fault.ts";
import { interferenceOf, uploadUnknown } from "./interference.ts";
import type { Interference, PassingAnswer } from "./interference.ts";
import { RoomOfConnections } from "./line.ts";
import { pass } from "./passage.ts";
import { nothingPassed } from "./passed-request.ts";
import type { PassedRequest } from "./passed-request.ts";
import { SeenRequests } from "./seen-request.ts";
import type { SeenRequest } from "./seen-request.ts";

/** Selects and applies the fault of each request. */
export class FaultyLine {
  readonly requests: PassedRequest[] = [];
  readonly #target: URL;
  readonly #origin: string;
  readonly #elsewhere: Elsewhere;
  readonly #choose: FaultChoice;
  readonly #room: RoomOfConnections;
  readonly #seen = new SeenRequests();
  readonly #lostUploads = new Set<string>();

  /** `origin` is the origin of the proxy. */
  constructor(settings: FaultProxySettings, origin: string, elsewhere: Elsewhere) {
    this.#target = new URL(settings.target);
    this.#origin = origin;
    this.#elsewhere = elsewhere;
    this.#choose = chosenFaults(settings.faults ?? []);
    this.#room = new RoomOfConnections(settings.cutEvery ?? Infinity);
  }

  async pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = this.#seen.see(incoming);
    const fault = this.#choose(seen);
    const request = { ...seen, fault, ...nothingPassed() };
    this.requests.push(request);
    const { url = "/", headers, socket } = incoming;
    await pass({
      incoming,
      response,
      url: new URL(url, this.#target),
      headers,
      interference: this.#interference(incoming, seen, fault),
      room: this.#room.of(socket),
      passed: request,
      translated: (_, value) => value.replaceAll(this.#target.origin, this.#origin),
    });
  }

  #interference(
    { url = "/", headers }: IncomingMessage,
    seen: SeenRequest,
    fault: Fault | undefined,
  ): Interference {
    if (fault?.kind === "lost-upload") this.#lostUploads.add(seen.path);
    if (this.#lostUploads.has(seen.path)) return { instead: uploadUnknown };
    const here = new URL(url, this.#origin);
    const elsewhere = (address: string): string =>
      this.#elsewhere.addressOf(address, headers.authorization);
    const interference = fault === undefined ? {} : interferenceOf(fault, { url: here, elsewhere });
    const answer = (answered: PassingAnswer): Answer => {
      if (answered.status !== 401) this.#seen.accepted(headers.authorization);
      this.#noteUpload(answered, here, seen);
      return interference.answer?.(answered) ?? answered;
    };
    return { ...interference, answer };
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
