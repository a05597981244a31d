import { randomUUID } from "node:crypto";

import type { Digest } from "@drayage/core";

import { blobAnswer } from "./blobs.ts";
import { ErrorResponse } from "./http/error-response.ts";
import type { RequestHandler } from "./http/exchange.ts";
import type { RegistryState } from "./registry-state.ts";

/** Blobs at signed URLs, as object stores provide them. No other credentials are needed. */
export class RedirectedBlobs {
  readonly #state: Pick<RegistryState, "store" | "settings">;
  readonly #signed = new Map<string, { readonly digest: Digest; readonly size: number }>();

  constructor(state: Pick<RegistryState, "store" | "settings">) {
    this.#state = state;
  }

  /** The path and query of a signed URL for one blob. */
  sign(digest: Digest, size: number): string {
    const signature = randomUUID();
    this.#signed.set(signature, { digest, size });
    return `/${digest}?signature=${signature}`;
  }

  /** Rejects requests with credentials, like object stores: two kinds of authentication are ambiguous. */
  readonly handler: RequestHandler = async (request) => {
    if (request.headers.authorization !== undefined) {
      throw new ErrorResponse("UNSUPPORTED", "Only one of signature and Authorization is allowed");
    }
    const signed = this.#signed.get(request.query.get("signature") ?? "");
    const isRight = request.method === "GET" && request.path === `/${signed?.digest}`;
    if (signed === undefined || !isRight) {
      throw new ErrorResponse("DENIED", "The signature is not valid for this URL");
    }
    return blobAnswer(signed.digest, signed.size, request, this.#state);
  };
}
