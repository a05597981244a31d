import { randomUUID } from "node:crypto";

import type { Digest } from "@drayage/core";

import { blobAnswer } from "./blobs.ts";
import type { RequestHandler } from "./http/exchange.ts";
import { Refusal } from "./http/refusal.ts";
import type { RegistryState } from "./registry-state.ts";

/** Blobs under addresses that are all that is needed to read them, as object stores sign them. */
export class RedirectedBlobs {
  readonly #state: Pick<RegistryState, "store" | "settings">;
  readonly #signed = new Map<string, { readonly digest: Digest; readonly size: number }>();

  constructor(state: Pick<RegistryState, "store" | "settings">) {
    this.#state = state;
  }

  /** Path and query of an address for one blob. */
  sign(digest: Digest, size: number): string {
    const signature = randomUUID();
    this.#signed.set(signature, { digest, size });
    return `/${digest}?signature=${signature}`;
  }

  /** Refuses who also sends credentials: object stores do, since they would not know whom to believe. */
  readonly handler: RequestHandler = async (request) => {
    if (request.headers.authorization !== undefined) {
      throw new Refusal("UNSUPPORTED", "Both a signature and Authorization: only one is allowed");
    }
    const signed = this.#signed.get(request.query.get("signature") ?? "");
    const isRight = request.method === "GET" && request.path === `/${signed?.digest}`;
    if (signed === undefined || !isRight) {
      throw new Refusal("DENIED", "The signature is for something else, or for nothing");
    }
    return blobAnswer(signed.digest, signed.size, request, this.#state);
  };
}
