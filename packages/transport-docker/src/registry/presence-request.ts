import type { OperationOptions } from "@drayage/core";

import type { HTTPResponse } from "../http/http-exchange.ts";
import { isFound } from "./head-support.ts";
import type { HeadSupport } from "./head-support.ts";
import type { Repository, RepositoryAction } from "./repository.ts";

/** A request for the headers of a manifest or a blob. */
export interface PresenceRequest extends OperationOptions {
  readonly kind: "manifests" | "blobs";
  /** A tag or a digest. */
  readonly name: string;
  readonly action: RepositoryAction;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent with GET only. */
  readonly headersOfGet?: Readonly<Record<string, string>> | undefined;
  /** As in `HTTPRequest`, for GET. */
  readonly maxBodySize?: number | undefined;
  /**
   * Whether a 404 is confirmed by GET, unless the registry is known to implement HEAD. Without confirmation, existing
   * content may be reported as absent.
   */
  readonly confirmAbsence: boolean;
}

/**
 * The response to HEAD, or to GET if the registry does not implement HEAD. The caller reads or discards the body. A
 * registry that implements HEAD gets an additional request only to confirm a 404.
 */
export async function requestPresence(
  repository: Repository,
  { kind, name, confirmAbsence, headers, headersOfGet, maxBodySize, ...rest }: PresenceRequest,
): Promise<HTTPResponse> {
  const request = { ...rest, target: `${kind}/${name}`, headers };
  const get = async (): Promise<HTTPResponse> =>
    repository.request({
      ...request,
      method: "GET",
      headers: { ...headers, ...headersOfGet },
      maxBodySize,
    });
  const support = repository.registry.headSupport[kind];
  if (support.isMissing) return get();
  const response = await repository.request({ ...request, method: "HEAD" });
  if (isFound(response.status)) support.isReliable = true;
  if (!isUnreliable(response.status, support, confirmAbsence)) return response;
  await response.discard();
  const second = await get();
  support.update(response.status, second.status);
  return second;
}

function isUnreliable(
  status: number,
  { isReliable }: HeadSupport,
  confirmAbsence: boolean,
): boolean {
  if (status === 405 || status === 501) return true;
  if (isReliable) return false;
  return status === 404 ? confirmAbsence : [400, 401, 403, 406].includes(status);
}
