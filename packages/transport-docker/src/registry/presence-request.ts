import type { OperationOptions } from "@drayage/core";

import type { HTTPResponse } from "../http/http-exchange.ts";
import { isFound } from "./head-support.ts";
import type { HeadSupport } from "./head-support.ts";
import type { Repository, RepositoryAction } from "./repository.ts";

/** A request for the headers of a manifest or a blob. */
export interface PresenceRequest extends OperationOptions {
  readonly kind: "manifests" | "blobs";
  /** Tag or digest. */
  readonly name: string;
  readonly action: RepositoryAction;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent with GET only. */
  readonly headersOfGet?: Readonly<Record<string, string>> | undefined;
  /** Bytes, for GET. */
  readonly wholeUpTo?: number | undefined;
  /**
   * Whether a 404 has to be right: it is then checked by GET until the registry has shown that it implements HEAD.
   * Else a 404 may hide what is there.
   */
  readonly confirmAbsence: boolean;
}

/**
 * The response to HEAD or, from a registry that does not implement HEAD, to GET; its body is to be read or discarded.
 * Registries that implement HEAD get no additional request, but for a 404 that has to be right.
 */
export async function requestPresence(
  repository: Repository,
  { kind, name, confirmAbsence, headers, headersOfGet, wholeUpTo, ...rest }: PresenceRequest,
): Promise<HTTPResponse> {
  const request = { ...rest, target: `${kind}/${name}`, headers };
  const get = async (): Promise<HTTPResponse> =>
    repository.request({
      ...request,
      method: "GET",
      headers: { ...headers, ...headersOfGet },
      wholeUpTo,
    });
  const support = repository.registry.headSupport[kind];
  if (support.isMissing) return get();
  const response = await repository.request({ ...request, method: "HEAD" });
  if (isFound(response.status)) support.isReliable = true;
  if (!isDoubtful(response.status, support, confirmAbsence)) return response;
  await response.discard();
  const second = await get();
  support.learn(response.status, second.status);
  return second;
}

function isDoubtful(status: number, { isReliable }: HeadSupport, confirmAbsence: boolean): boolean {
  if (status === 405 || status === 501) return true;
  if (isReliable) return false;
  return status === 404 ? confirmAbsence : [400, 401, 403, 406].includes(status);
}
